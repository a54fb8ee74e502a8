# DBD::Pg: each part of its API, and what it passes through from libpq.
use strict;
use warnings;
use utf8;
use DBI qw(:sql_types);
use DBD::Pg qw(:pg_types :async);
use JSON::PP;

binmode STDOUT, ':utf8';
$| = 1;
my $json = JSON::PP->new->canonical->allow_nonref->ascii->allow_blessed->convert_blessed;

sub shown {
    my $text = $json->encode($_[0]);
    $text =~ s/\Q$ENV{PQP_HOST}\E/HOST/g;
    $text =~ s/\b$ENV{PQP_PORT}\b/PORT/g;
    return $text;
}

# test NAME, SUB: what the sub returns is what it saw; dying is failing
sub test {
    my ($name, $sub) = @_;
    my @seen = eval { $sub->() };
    my $error = $@;
    $error =~ s/ at \S+ line \d+\.?\n?$//;
    print $error ? "not ok - $name\t" . shown("$error") . "\n" : "ok - $name\t" . shown(\@seen) . "\n";
}

sub failure {
    my $sub = shift;
    eval { $sub->(); 1 } and die "it did not fail\n";
    my $error = $@;
    $error =~ s/ at \S+ line \d+\.?\n?$//;
    return $error;
}

sub plain { return DBI->connect("dbi:Pg:", undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_enable_utf8 => -1, @_ }) }

my $dbh = plain();

test 'versions' => sub { $dbh->{pg_lib_version}, $dbh->{pg_server_version}, $dbh->get_info(17) };
test 'attributes of a connection' => sub {
    map { $dbh->{$_} } qw(pg_db pg_user pg_pass pg_host pg_port pg_default_port pg_options pg_protocol pg_errorlevel pg_bool_tf pg_standard_conforming_strings Name Username);
};
test 'process id and socket' => sub { $dbh->{pg_pid} > 0 ? 1 : 0, $dbh->{pg_socket} > 2 ? 1 : 0 };
test 'connect with a password' => sub {
    my $d = DBI->connect("dbi:Pg:host=127.0.0.1", 'pqp_scram', 'pw-scram', { RaiseError => 1, PrintError => 0 });
    return ($d->selectrow_array('select current_user'), $d->{pg_pass});
};
test 'connect with a wrong password' => sub {
    failure(sub { DBI->connect("dbi:Pg:host=127.0.0.1", 'pqp_scram', 'no', { RaiseError => 1, PrintError => 0 }) });
};
test 'connect to an absent database' => sub { failure(sub { DBI->connect("dbi:Pg:dbname=absent", undef, undef, { RaiseError => 1, PrintError => 0 }) }) };
test 'connect with a bad option' => sub { failure(sub { DBI->connect("dbi:Pg:nothing=1", undef, undef, { RaiseError => 1, PrintError => 0 }) }) };
test 'connect to nobody' => sub { failure(sub { DBI->connect("dbi:Pg:host=127.0.0.1;port=1", undef, undef, { RaiseError => 1, PrintError => 0 }) }) };
test 'ping' => sub {
    my $d = plain();
    my @seen = ($d->ping, $d->pg_ping);
    $dbh->do('select pg_terminate_backend(?)', undef, $d->{pg_pid});
    select undef, undef, undef, 0.3;
    return (@seen, $d->ping, $d->pg_ping, $d->state);
};
test 'data sources' => sub { sort grep { /postgres$|template1$/ } DBI->data_sources('Pg') };

test 'values' => sub {
    my $sth = $dbh->prepare("select ?::int, ?::text, ?::float8, ?::bool, ?::numeric, ?::int[], ?::date, ?::text");
    $sth->execute(-5, "it's ü €\\", 1.5, 't', '12345678901234567890.5', [1, 2, undef], '2024-02-29', undef);
    return ($sth->fetchrow_arrayref, $sth->rows, $sth->{NAME}, $sth->{TYPE}, $sth->{PRECISION}, $sth->{SCALE}, $sth->{NULLABLE}, $sth->{pg_type}, $sth->{pg_size}, $sth->{pg_cmd_status}, $sth->{pg_oid_status}, $sth->{NUM_OF_PARAMS}, $sth->{ParamTypes});
};
test 'bytea' => sub {
    my $sth = $dbh->prepare('select ?::bytea, length(?::bytea)');
    my $bytes = join '', map { chr } 0 .. 255;
    $sth->bind_param(1, $bytes, { pg_type => PG_BYTEA });
    $sth->bind_param(2, $bytes, { pg_type => PG_BYTEA });
    $sth->execute;
    my ($got, $length) = $sth->fetchrow_array;
    return ($got eq $bytes ? 'same' : 'other', $length);
};
test 'arrays of arrays' => sub { $dbh->selectrow_array(q[select '{{1,2},{3,NULL}}'::int[], '{"a b","c,d",NULL}'::text[], '{t,f}'::bool[]]) };
test 'fetching in every way' => sub {
    my $sql = 'select g as id, chr(96 + g) as letter from generate_series(1, 4) g';
    my $sth = $dbh->prepare($sql);
    $sth->execute;
    my ($id, $letter, @bound);
    $sth->bind_columns(\$id, \$letter);
    push @bound, "$id$letter" while $sth->fetch;
    return ($dbh->selectall_arrayref($sql), $dbh->selectall_hashref($sql, 'id'), $dbh->selectcol_arrayref($sql), \@bound, $dbh->selectrow_hashref($sql));
};
test 'placeholders' => sub {
    return ($dbh->selectrow_array('select $1::int + $2, $1', undef, 3, 4), do {
        my $sth = $dbh->prepare('select :a::text || :b, :a::text');
        $sth->bind_param(':a', 'x');
        $sth->bind_param(':b', 'y');
        $sth->execute;
        $sth->fetchrow_array;
    }, $dbh->selectrow_array("select '?', ?", { pg_placeholder_escaped => 1 }, 5));
};
test 'server side prepare on and off' => sub {
    my @seen;
    for my $on (0, 1) {
        for my $now (0, 1) {
            my $sth = $dbh->prepare('select ?::int * 2', { pg_server_prepare => $on, pg_prepare_now => $now });
            push @seen, map { $sth->execute($_); $sth->fetchrow_array } 1 .. 3;
            push @seen, defined $sth->{pg_prepare_name} && length $sth->{pg_prepare_name} ? 'named' : 'not named';
        }
    }
    return @seen;
};
test 'errors' => sub {
    return map {
        my $sql = $_;
        [failure(sub { $dbh->do($sql) }), $dbh->err, $dbh->state, $dbh->errstr, $dbh->pg_error_field('state'), $dbh->pg_error_field('severity'), $dbh->pg_error_field('primary'), $dbh->pg_error_field('statement_position')]
    } 'select 1/0', 'select * from nowhere', 'selec', "select 'a'::int";
};
test 'fields of an error' => sub {
    $dbh->do('create temp table f (x int constraint positive check (x > 0))');
    failure(sub { $dbh->do('insert into f values (-1)') });
    return map { $dbh->pg_error_field($_) } qw(severity severity_nonlocal state primary detail hint statement_position internal_position internal_query context table column datatype constraint source_file source_function);
};
test 'error level' => sub {
    my @seen;
    for my $level (0, 1, 2) {
        $dbh->{pg_errorlevel} = $level;
        my $text = failure(sub { $dbh->do('select * from nowhere') });
        $text =~ s/:\d+$/:N/mg;
        push @seen, $text;
    }
    $dbh->{pg_errorlevel} = 1;
    return @seen;
};
test 'notices' => sub {
    my @seen;
    local $SIG{__WARN__} = sub { push @seen, $_[0] };
    local $dbh->{PrintWarn} = 1;
    $dbh->do(q{do $$ begin raise notice 'one'; raise warning 'two ü' using hint = 'a hint'; end $$});
    return map { s/ at \S+ line \d+\.?\n?$//r } @seen;
};
test 'transactions and savepoints' => sub {
    my $d = plain(AutoCommit => 0);
    my @seen = ($d->{pg_INV_READ} // '', $d->pg_ping);
    $d->do('create temp table s (x int)');
    $d->pg_savepoint('a');
    $d->do('insert into s values (1)');
    $d->pg_savepoint('b');
    failure(sub { $d->do('insert into s values (?)', undef, 'x') });
    push @seen, $d->ping;
    $d->pg_rollback_to('b');
    $d->pg_release('a');
    push @seen, $d->selectrow_array('select count(*) from s');
    $d->commit;
    $d->do('insert into s values (2)');
    $d->rollback;
    push @seen, $d->selectrow_array('select count(*) from s'), $d->ping;
    $d->disconnect;
    return (@seen, $d->ping);
};
test 'quoting' => sub {
    return ($dbh->quote("it's \\ ü"), $dbh->quote(undef), $dbh->quote("a\\'b"), $dbh->quote(join('', map { chr } 0 .. 20, 200 .. 210), { pg_type => PG_BYTEA }),
        $dbh->quote_identifier('a "b"'), $dbh->quote_identifier('simple'), $dbh->quote('1,2', { pg_type => PG_POINT }), $dbh->quote('t', { pg_type => PG_BOOL }), $dbh->quote(5, SQL_INTEGER), $dbh->quote([[1, 2], [3, undef]]));
};
test 'COPY in' => sub {
    $dbh->do('create temp table c (a int, b text)');
    $dbh->do('copy c from stdin');
    $dbh->pg_putcopydata("$_\tline $_ ü\n") for 1 .. 5000;
    $dbh->pg_putcopydata("5001\t\\N\n");
    my $end = $dbh->pg_putcopyend;
    return ($end, $dbh->selectrow_array("select count(*), sum(a), count(b), md5(string_agg(b, ',' order by a)) from c"));
};
test 'COPY in refused' => sub {
    $dbh->do('copy c from stdin');
    $dbh->pg_putcopydata("x\ty\n");
    return (failure(sub { $dbh->pg_putcopyend }), $dbh->pg_ping);
};
test 'COPY out' => sub {
    $dbh->do("copy (select g, 'r' || g, null from generate_series(1, 300) g) to stdout");
    my ($row, @rows) = '';
    push @rows, $row while $dbh->pg_getcopydata($row) >= 0;
    return (scalar @rows, $rows[0], $rows[-1]);
};
test 'COPY out asynchronously' => sub {
    $dbh->do("copy (select g from generate_series(1, 300) g) to stdout");
    my ($row, $count) = ('', 0);
    while ((my $got = $dbh->pg_getcopydata_async($row)) != -1) {
        $count++ if $got > 0;
    }
    return $count;
};
test 'COPY out binary' => sub {
    $dbh->do("copy (select 1, 'x', null::int) to stdout (format binary)");
    my ($row, $all) = ('', '');
    $all .= $row while $dbh->pg_getcopydata($row) >= 0;
    return unpack 'H*', $all;
};
test 'large objects' => sub {
    my $d = plain(AutoCommit => 0, pg_enable_utf8 => 0);
    my $oid = $d->pg_lo_creat($d->{pg_INV_WRITE} | $d->{pg_INV_READ});
    my $fd = $d->pg_lo_open($oid, $d->{pg_INV_WRITE} | $d->{pg_INV_READ});
    my $data = join '', map { chr($_ % 256) } 1 .. 100_000;
    my @seen = ($oid > 0 ? 1 : 0, $fd, $d->pg_lo_write($fd, $data, length $data), $d->pg_lo_lseek($fd, 10, 0), $d->pg_lo_tell($fd));
    my $back;
    push @seen, $d->pg_lo_read($fd, $back, 5), unpack('H*', $back), $d->pg_lo_truncate($fd, 1000), $d->pg_lo_lseek($fd, 0, 2), $d->pg_lo_close($fd);
    my $file = "$ENV{PQP_SCRATCH}/lo";
    push @seen, $d->pg_lo_export($oid, $file), -s $file;
    my $other = $d->pg_lo_import($file);
    my $third = $d->pg_lo_import_with_oid($file, 987654);
    push @seen, $other > 0 ? 1 : 0, $third, $d->selectrow_array('select md5(lo_get(?::oid)) = md5(lo_get(987654))', undef, $oid), map({ $d->pg_lo_unlink($_) } $oid, $other, $third);
    push @seen, $d->pg_lo_open($oid, $d->{pg_INV_READ}) // 'undef';
    $d->rollback;
    return @seen;
};
test 'notifications' => sub {
    my $d = plain();
    $dbh->do('listen "some thing"');
    $d->do(q{select pg_notify('some thing', 'pay ü')});
    my ($notify, $tries);
    until ($notify = $dbh->pg_notifies) { die "none came\n" if $tries++ > 200; select undef, undef, undef, 0.02 }
    return ($notify->[0], $notify->[1] == $d->{pg_pid} ? 'the other' : 'somebody', $notify->[2], $dbh->pg_notifies);
};
test 'asynchronous queries' => sub {
    my $d = plain();
    $d->do('select pg_sleep(0.3)', { pg_async => PG_ASYNC });
    my @seen = ($d->{pg_async_status}, $d->pg_ready ? 'ready' : 'not ready');
    my $tries;
    until ($d->pg_ready) { die "never ready\n" if $tries++ > 500; select undef, undef, undef, 0.02 }
    push @seen, $d->pg_result, $d->{pg_async_status};
    my $sth = $d->prepare('select ?::int, pg_sleep(0.1)', { pg_async => PG_ASYNC });
    $sth->execute(7);
    push @seen, $sth->pg_result, $sth->fetchrow_array;
    $d->do('select pg_sleep(60)', { pg_async => PG_ASYNC });
    push @seen, $d->pg_cancel, $d->selectrow_array('select 5');
    $d->do('select pg_sleep(0.1)', { pg_async => PG_ASYNC });
    push @seen, failure(sub { $d->do('select 1') });
    $d->do('select pg_sleep(60)', { pg_async => PG_ASYNC + PG_OLDQUERY_CANCEL });
    push @seen, $d->pg_cancel;
    return @seen;
};
test 'cancelling a statement' => sub {
    my $d = plain();
    my $sth = $d->prepare('select pg_sleep(60)');
    local $SIG{ALRM} = sub { $sth->cancel };
    require POSIX;
    POSIX::sigaction(POSIX::SIGALRM(), POSIX::SigAction->new(sub { $sth->cancel }));
    alarm 1;
    return failure(sub { $sth->execute });
};
test 'metadata' => sub {
    $dbh->do('create schema meta');
    $dbh->do('create table meta.parent (a int, b text default 5, primary key (a, b))');
    $dbh->do('create table meta.kid (id serial primary key, a int, b text, foreign key (a, b) references meta.parent)');
    return (
        [map { [@{$_}{qw(pg_schema pg_table TABLE_TYPE)}] } @{ $dbh->table_info(undef, 'meta', '%', 'TABLE')->fetchall_arrayref({}) }],
        [map { [@{$_}{qw(TABLE_NAME COLUMN_NAME TYPE_NAME NULLABLE COLUMN_DEF ORDINAL_POSITION)}] } @{ $dbh->column_info(undef, 'meta', 'kid', '%')->fetchall_arrayref({}) }],
        [$dbh->primary_key(undef, 'meta', 'parent')],
        [map { [@{$_}{qw(UK_TABLE_NAME UK_COLUMN_NAME FK_TABLE_NAME FK_COLUMN_NAME)}] } @{ $dbh->foreign_key_info(undef, 'meta', 'parent', undef, 'meta', 'kid')->fetchall_arrayref({}) }],
        [$dbh->tables(undef, 'meta', '', '')], scalar(@{ $dbh->type_info_all }),
    );
};
test 'last insert id' => sub {
    $dbh->do("insert into meta.parent values (1, 'x')");
    $dbh->do("insert into meta.kid (a, b) values (1, 'x')");
    return ($dbh->last_insert_id(undef, 'meta', 'kid', undef), $dbh->selectrow_array("insert into meta.kid (a) values (1) returning id"));
};
test 'describe of a result' => sub {
    my $sth = $dbh->prepare('select a.oid, relname, null as n, 1::numeric(9,3) from pg_class a limit 0');
    $sth->execute;
    return ($sth->{NAME}, $sth->{TYPE}, $sth->{PRECISION}, $sth->{SCALE}, $sth->pg_canonical_names, $sth->pg_canonical_ids->[0][0], $sth->{NUM_OF_FIELDS}, $sth->rows);
};
test 'execute for many' => sub {
    $dbh->do('create temp table m (x int, y text)');
    my $sth = $dbh->prepare('insert into m values (?, ?)');
    my $count = $sth->execute_array({ ArrayTupleStatus => \my @status }, [1 .. 200], [map { "v$_" } 1 .. 200]);
    return ($count, $dbh->selectrow_array('select count(*), sum(x), max(y) from m'), $dbh->do('update m set x = x + 1 where x < ?', undef, 50), $dbh->do('delete from m'));
};
test 'several statements at once' => sub { $dbh->do('select 1; create temp table q (a int); insert into q values (1), (2)'), $dbh->selectrow_array('select count(*) from q') };
test 'many and large rows' => sub {
    my $rows = $dbh->selectall_arrayref("select g, repeat('x', g % 1000) from generate_series(1, 50000) g");
    my $length = 0;
    $length += length $_->[1] for @$rows;
    return (scalar @$rows, $length, length $dbh->selectrow_array("select repeat('ü', 5000000)"));
};
test 'tracing' => sub {
    my $file = "$ENV{PQP_SCRATCH}/trace";
    open my $fh, '>', $file or die;
    my $d = plain();
    $d->pg_server_trace($fh);
    $d->do('select 1');
    $d->pg_server_untrace;
    close $fh;
    open $fh, '<', $file or die;
    # without the times
    return map { chomp; s/^\S+ \S+\t//r } <$fh>;
};
test 'client encodings' => sub {
    my $d = plain();
    $d->do("set client_encoding = 'LATIN1'");
    $d->{pg_enable_utf8} = 0;
    my @seen = map { unpack 'H*', $_ } $d->selectrow_array(q{select E'\u00fc'});
    $d->{pg_enable_utf8} = -1;
    $d->do("set client_encoding = 'UTF8'");
    return (@seen, $d->selectrow_array(q{select E'\u00fc'}));
};
test 'fork and InactiveDestroy' => sub {
    my $d = plain(AutoInactiveDestroy => 1);
    my $child = fork // die;
    if (!$child) { undef $d; require POSIX; POSIX::_exit(0) }
    waitpid $child, 0;
    return ($?, $d->selectrow_array('select 3'));
};
test 'disconnect' => sub { $dbh->disconnect, $dbh->{Active} ? 'active' : 'not active', failure(sub { $dbh->do('select 1') }) };
print "done\n";
