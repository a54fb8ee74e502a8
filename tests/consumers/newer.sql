-- What psql has since 15, for consumers.sh.
\set ON_ERROR_STOP 0
select $1::int + $2::int as sum \bind 40 2 \g
select $1::text as quoted \bind 'it''s' \g
select $1::int \bind 'not a number' \g
select $1 \parse named
\bind_named named 'a value' \g
\bind_named absent 1 \g
\close_prepared named
\bind_named named 'a value' \g
create sequence beat;
select nextval('beat') \watch c=3 i=0.05
select nextval('beat') \watch c=9 i=0.05 m=2
-- pipelines
\startpipeline
select $1::int as first \bind 1 \sendpipeline
select $1::int as second \bind 2 \sendpipeline
select 'third' \bind \sendpipeline
\flushrequest
\getresults 1
\syncpipeline
select $1::int / 0 as fails \bind 4 \sendpipeline
select 'not run' \bind \sendpipeline
\syncpipeline
select 'after the error' \bind \sendpipeline
\endpipeline
\startpipeline
select 'extended in a pipeline';
select 2 as two;
\endpipeline
\startpipeline
create table in_pipeline (n int);
insert into in_pipeline select generate_series(1, 1000);
\syncpipeline
select count(*) from in_pipeline \bind \sendpipeline
\getresults
\endpipeline
\startpipeline
copy in_pipeline to stdout;
\endpipeline
\c
\echo :PIPELINE_SYNC_COUNT :PIPELINE_COMMAND_COUNT :PIPELINE_RESULT_COUNT
\conninfo
