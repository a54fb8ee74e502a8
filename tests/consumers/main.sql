-- What people do with psql, for consumers.sh. -v scratch=DIR is a directory for files.
\set ON_ERROR_STOP 0
select 1 as one, null as nothing, 'ä€😀' as text, 1.5::numeric, '{1,2}'::int[], '\x00ff'::bytea;
create table fruit (id int primary key, name text not null, price numeric(6,2), note text);
create index fruit_by_name on fruit (name);
comment on table fruit is 'for consumers.sh';
insert into fruit values (1, 'apple', 1.20, null), (2, 'pear', 0.99, E'two\nlines'), (3, 'quince', null, E'tab\there')
returning id, name;
table fruit order by id;
\x
table fruit order by id;
\x
\d
\d fruit
\d+ fruit
\dt+ fruit
\di
\df pg_terminate_backend
\d nowhere
\du pqp_*
\dn
\l consumers
-- errors, with position
select nothing from fruit;
select *
  from fruit
 whre id = 1;
insert into fruit values (1, 'again');
insert into fruit values (9, null);
do $$ begin raise notice 'a notice'; raise warning 'a warning' using hint = 'a hint', detail = 'a detail'; end $$;
do $$ begin raise exception 'an exception' using errcode = 'P0042', table = 'fruit', column = 'id'; end $$;
\errverbose
\set VERBOSITY verbose
\set SHOW_CONTEXT always
do $$ begin raise notice 'with context'; perform 1/0; end $$;
\set VERBOSITY default
\set SHOW_CONTEXT errors
-- several statements at once
select 1\; select 2\; select 1/0\; select 3;
select 'combined' \; select 'results';
-- transactions
begin;
savepoint s;
select 1/0;
rollback to s;
select 'still here';
commit;
begin; select 1/0; commit;
-- copy both ways
\cd :scratch
\copy fruit to fruit.txt
\! cat fruit.txt
create table basket (like fruit);
\copy basket from 'fruit.txt'
\copy basket from 'none such file'
\copy basket from program 'printf "%s\t%s\n" 20 medlar'
\copy (select * from basket where id > 2) to program 'tr a-z A-Z' with csv
\copy (select id, name from fruit order by id) to stdout with (format csv, header)
copy basket (id, name) from stdin;
10	fig
11	grape
\.
\copy basket (id, name) from stdin with (format csv)
12,"lemon, yellow"
13,melon
\.
copy basket from stdin;
not a number	x
\.
table basket order by id;
copy (select g, repeat('x', g % 50) from generate_series(1, 2000) g) to stdout \g | md5sum
-- \g, \gset, \gexec, \gdesc, \crosstabview
select 'gexec ' || g from generate_series(1, 3) g
\g
select 42 as answer, 'who' as asked \gset got_
\echo :got_answer :got_asked
select format('create table made_%s (n int)', g) from generate_series(1, 3) g \gexec
select format('select %s/%s as ratio', 6, g) from generate_series(0, 3) g \gexec
select id, name, price, now() from fruit \gdesc
select * from (values ('a','x',1),('b','x',2),('a','y',3)) v(r,c,n) \crosstabview
-- cursor-driven fetches, many rows
\set FETCH_COUNT 100
select g, md5(g::text) from generate_series(1, 250) g;
\set FETCH_COUNT 0
select count(*), sum(length(t)) from (select repeat('wide ', 20000) t from generate_series(1, 20)) s;
select repeat('long', 5);
-- watch, ended by an error of the query
create sequence ticks;
select 6 / (3 - nextval('ticks')) as left_over \watch 0.05
-- prepared statements of SQL, parameters
prepare by_id (int) as select name from fruit where id = $1;
execute by_id(2);
execute by_id('x');
deallocate by_id;
-- large objects
\! printf 'large object \000 content\n' > object
\lo_import object 'a comment'
select :LASTOID > 0 as imported;
select convert_from(substring(lo_get(:LASTOID) from 1 for 12), 'UTF8');
\lo_export :LASTOID exported
\! cmp object exported && echo same
\lo_unlink :LASTOID
\lo_export 1 nowhere
\lo_import absent
-- notifications, encodings, parameters
listen news;
notify news, 'the payload';
select 'after notify' as marker;
\encoding
\encoding LATIN1
select 'caf' || chr(233) as latin1 \g | od -c
\encoding UTF8
set client_encoding = 'SJIS';
\encoding
\encoding UTF8
set datestyle = 'German';
select date '2026-02-01';
\pset null (null)
\pset format csv
table fruit order by id;
\pset format html
table fruit order by id;
\pset format aligned
\conninfo
\c - pqp_trust
select current_user;
\c - postgres
select current_user, current_database();
\echo :SERVER_VERSION_NUM :SQLSTATE :ROW_COUNT :ERROR
select pg_sleep(0);
set statement_timeout = '30ms';
select pg_sleep(5);
reset statement_timeout;
drop table made_1, made_2, made_3;
-- not interactive: a failing \c ends psql
\c absent
select 'not reached';
