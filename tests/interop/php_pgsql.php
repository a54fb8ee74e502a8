<?php
// PHP's pgsql: each part of its API, and what it passes through from libpq.
require __DIR__ . '/php_tap.php';

function fresh(string $options = '')
{
    return pg_connect($options, PGSQL_CONNECT_FORCE_NEW);
}

function wait_ready($conn): void
{
    for ($tries = 0; pg_connection_busy($conn); $tries++) {
        if ($tries > 1000) {
            throw new Exception('never ready');
        }
        usleep(10000);
    }
}

$conn = fresh();

test('version', function () use ($conn) {
    $version = pg_version($conn);
    return [$version['server'], $version['protocol'], $version['client_encoding'], $version['standard_conforming_strings']];
});
test('accessors of a connection', fn () => [pg_dbname($conn), pg_host($conn), pg_port($conn), pg_tty($conn), pg_options($conn), pg_ping($conn), pg_connection_status($conn),
    pg_transaction_status($conn), pg_last_error($conn), pg_get_pid($conn) > 0, pg_parameter_status($conn, 'server_encoding'), pg_parameter_status($conn, 'none'), pg_client_encoding($conn)]);
test('passwords', fn () => array_map(fn ($way) => pg_fetch_row(pg_query(fresh("host=127.0.0.1 user=pqp_$way password=pw-$way"), 'select current_user')), ['password', 'md5', 'scram']));
test('refusals', fn () => [fresh('host=127.0.0.1 user=pqp_scram password=no'), fresh('host=127.0.0.1 user=pqp_scram'), fresh('dbname=absent'), fresh('host=127.0.0.1 port=1'), fresh('nothing=1'), fresh("host='")]);
test('queries', function () use ($conn) {
    $r = pg_query($conn, "select 1 as one, 'two ü'::text as two, null as three, 4.5::numeric(5,2) as four, true as five");
    return [pg_num_rows($r), pg_num_fields($r), pg_affected_rows($r), pg_fetch_assoc($r), pg_fetch_result($r, 0, 'two'), pg_field_is_null($r, 0, 'three'), pg_field_prtlen($r, 0, 1), pg_result_status($r), pg_result_status($r, PGSQL_STATUS_STRING),
        array_map(fn ($i) => [pg_field_name($r, $i), pg_field_type($r, $i), pg_field_size($r, $i), pg_field_type_oid($r, $i), pg_field_table($r, $i)], range(0, 4)), pg_field_num($r, 'four'), pg_field_num($r, 'none'), pg_last_oid($r)];
});
test('fetching in every way', function () use ($conn) {
    $r = pg_query($conn, 'select g as id, chr(96 + g) as letter from generate_series(1, 4) g');
    return [pg_fetch_all($r), pg_fetch_all($r, PGSQL_NUM), pg_fetch_all_columns($r, 1), pg_fetch_array($r), pg_fetch_object($r), pg_fetch_row($r, 3), pg_result_seek($r, 2), pg_fetch_row($r), pg_free_result($r)];
});
test('parameters', fn () => [pg_fetch_row(pg_query_params($conn, "select $1::int + $2, $3::text || '!', $4::text, $5::bool", [1, 2, "it's ü", null, 't'])), pg_query_params($conn, 'select $1', [])]);
test('prepared statements', fn () => [pg_result_status(pg_prepare($conn, 'p', 'select $1::int * 2')), pg_fetch_row(pg_execute($conn, 'p', [21])), pg_execute($conn, 'none', []), pg_prepare($conn, 'p', 'select 1')]);
test('errors', fn () => array_map(fn ($sql) => [pg_query($conn, $sql), pg_last_error($conn)], ['select 1/0', 'select * from nowhere', 'selec', "select 'a'::int"]));
test('fields of an error', function () use ($conn) {
    pg_query($conn, 'create temp table f (x int constraint positive check (x > 0))');
    pg_send_query($conn, 'insert into f values (-1)');
    $r = pg_get_result($conn);
    $fields = [PGSQL_DIAG_SEVERITY, PGSQL_DIAG_SQLSTATE, PGSQL_DIAG_MESSAGE_PRIMARY, PGSQL_DIAG_MESSAGE_DETAIL, PGSQL_DIAG_MESSAGE_HINT, PGSQL_DIAG_STATEMENT_POSITION, PGSQL_DIAG_CONTEXT, PGSQL_DIAG_TABLE_NAME, PGSQL_DIAG_CONSTRAINT_NAME, PGSQL_DIAG_SOURCE_FUNCTION, PGSQL_DIAG_SEVERITY_NONLOCALIZED];
    return [array_map(fn ($f) => pg_result_error_field($r, $f), $fields), pg_result_error($r), pg_get_result($conn)];
});
test('error verbosity', function () use ($conn) {
    $seen = [];
    foreach ([PGSQL_ERRORS_TERSE, PGSQL_ERRORS_VERBOSE, PGSQL_ERRORS_DEFAULT] as $level) {
        $seen[] = pg_set_error_verbosity($conn, $level);
        pg_send_query($conn, 'select * from nowhere');
        $seen[] = preg_replace('/:\d+$/m', ':N', pg_result_error(pg_get_result($conn)));
        pg_get_result($conn);
    }
    return $seen;
});
test('notices', function () use ($conn) {
    pg_query($conn, "do $$ begin raise notice 'one ü'; raise warning 'two' using hint = 'a hint'; end $$");
    return [pg_last_notice($conn), pg_last_notice($conn, PGSQL_NOTICE_ALL), pg_last_notice($conn, PGSQL_NOTICE_CLEAR), pg_last_notice($conn)];
});
test('asynchronous queries', function () use ($conn) {
    $seen = [pg_send_query($conn, 'select 1; select 2, pg_sleep(0.2); select 1/0'), pg_connection_busy($conn)];
    wait_ready($conn);
    while ($r = pg_get_result($conn)) {
        $seen[] = [pg_result_status($r), pg_num_rows($r) > 0 ? pg_fetch_row($r) : pg_result_error($r)];
    }
    $seen[] = [pg_send_query_params($conn, 'select $1::int', [5]), pg_fetch_row(pg_get_result($conn)), pg_get_result($conn)];
    $seen[] = [pg_send_prepare($conn, 'a', 'select $1::text'), pg_result_status(pg_get_result($conn)), pg_get_result($conn)];
    $seen[] = [pg_send_execute($conn, 'a', ['x']), pg_fetch_row(pg_get_result($conn)), pg_get_result($conn)];
    return [...$seen, pg_flush($conn), pg_consume_input($conn), pg_get_result($conn)];
});
test('cancelling', function () use ($conn) {
    pg_send_query($conn, 'select pg_sleep(60)');
    usleep(200000);
    return [pg_cancel_query($conn), pg_get_result($conn), pg_fetch_row(pg_query($conn, 'select 1'))];
});
test('asynchronous connecting', function () {
    $conn = pg_connect('', PGSQL_CONNECT_FORCE_NEW | PGSQL_CONNECT_ASYNC);
    $socket = pg_socket($conn);
    for ($tries = 0; ($state = pg_connect_poll($conn)) !== PGSQL_POLLING_OK; $tries++) {
        if ($state === PGSQL_POLLING_FAILED || $tries > 1000) {
            return 'failed';
        }
        $read = $state === PGSQL_POLLING_READING ? [$socket] : [];
        $write = $state === PGSQL_POLLING_WRITING ? [$socket] : [];
        $none = null;
        stream_select($read, $write, $none, 10);
    }
    return [pg_connection_status($conn), pg_fetch_row(pg_query($conn, 'select 1'))];
});
test('reset', fn () => [pg_connection_reset($conn), pg_fetch_row(pg_query($conn, 'select 1'))]);
test('COPY', function () use ($conn) {
    pg_query($conn, 'create temp table c (a int, b text)');
    $rows = array_map(fn ($i) => "$i\t" . ($i % 5 ? "line $i ü" : '\N') . "\n", range(1, 2000));
    return [pg_copy_from($conn, 'c', $rows), pg_fetch_row(pg_query($conn, "select count(*), sum(a), md5(string_agg(b, ',' order by a)) from c")), count(pg_copy_to($conn, 'c')), pg_copy_to($conn, 'c', '|', 'nil')[4], pg_copy_from($conn, 'c', ["x\ty\n"])];
});
test('COPY by lines', function () use ($conn) {
    pg_query($conn, 'create temp table l (a int, b text)');
    pg_query($conn, 'copy l from stdin');
    $seen = [pg_put_line($conn, "1\tone\n"), pg_put_line($conn, "2\ttwo\n"), pg_put_line($conn, "\\.\n"), pg_end_copy($conn)];
    return [...$seen, pg_fetch_all(pg_query($conn, 'select * from l'))];
});
test('large objects', function () use ($conn) {
    pg_query($conn, 'begin');
    $oid = pg_lo_create($conn);
    $lob = pg_lo_open($conn, $oid, 'w+');
    $data = str_repeat("\x00\x01ü'\\", 20000);
    $seen = [pg_lo_write($lob, $data), pg_lo_seek($lob, 6, PGSQL_SEEK_SET), bin2hex(pg_lo_read($lob, 6)), pg_lo_tell($lob), pg_lo_truncate($lob, 100), pg_lo_seek($lob, 0, PGSQL_SEEK_END), pg_lo_tell($lob), pg_lo_seek($lob, 0, PGSQL_SEEK_SET), pg_lo_close($lob)];
    $path = getenv('PQP_SCRATCH') . '/lo';
    $seen[] = [pg_lo_export($conn, $oid, $path), filesize($path), pg_lo_import($conn, $path) > 0, pg_lo_import($conn, $path, 313131), pg_lo_create($conn, 323232), pg_lo_unlink($conn, $oid), pg_lo_unlink($conn, 313131)];
    $seen[] = [@pg_lo_open($conn, 1, 'r'), pg_query($conn, 'rollback') !== false];
    return $seen;
});
test('escaping', fn () => [pg_escape_string($conn, "it's \\ ü"), pg_escape_literal($conn, "it's \\ ü"), pg_escape_identifier($conn, 'a "b"'), pg_escape_bytea($conn, "\x00'\\\xff"), bin2hex(pg_unescape_bytea('\x00ff')), bin2hex(pg_unescape_bytea('a\\\\b\\001'))]);
test('escaping of bad text', fn () => [failure(fn () => pg_escape_string($conn, "a\xc3")), pg_escape_literal($conn, "a\xc3"), pg_escape_identifier($conn, "a\xc3")]);
test('encodings', function () use ($conn) {
    $seen = [];
    foreach (['LATIN1', 'EUC_JP', 'SJIS', 'nonsense', 'UTF8'] as $name) {
        $seen[] = [pg_set_client_encoding($conn, $name), pg_client_encoding($conn), bin2hex((string) pg_fetch_result(pg_query($conn, $name === 'LATIN1' ? "select U&'\\00fc'" : "select U&'\\3042'"), 0, 0))];
    }
    return $seen;
});
test('notifications', function () use ($conn) {
    $other = fresh();
    pg_query($conn, 'listen "a b"');
    pg_query($other, "select pg_notify('a b', 'pay ü')");
    for ($tries = 0; !($notify = pg_get_notify($conn, PGSQL_ASSOC)) && $tries < 500; $tries++) {
        usleep(10000);
    }
    return [$notify['message'], $notify['pid'] === pg_get_pid($other), $notify['payload'], pg_get_notify($conn)];
});
test('tables by arrays', function () use ($conn) {
    pg_query($conn, 'create table arrays (id int primary key, name text, at timestamp)');
    return [pg_insert($conn, 'arrays', ['id' => 1, 'name' => "o'neil", 'at' => '2024-02-29 12:00']) !== false, pg_update($conn, 'arrays', ['name' => 'x'], ['id' => 1]), pg_select($conn, 'arrays', ['id' => 1]), pg_delete($conn, 'arrays', ['id' => 1]), pg_meta_data($conn, 'arrays'), pg_convert($conn, 'arrays', ['id' => '5', 'name' => 'y'])];
});
test('tracing', function () use ($conn) {
    $path = getenv('PQP_SCRATCH') . '/trace';
    pg_trace($path, 'w', $conn);
    pg_query($conn, 'select 1');
    pg_untrace($conn);
    return array_map(fn ($line) => preg_replace('/^\S+ \S+\t/', '', $line), file($path));
});
test('many and large rows', function () use ($conn) {
    $r = pg_query($conn, "select g, repeat('x', g % 1000) from generate_series(1, 50000) g");
    return [pg_num_rows($r), array_sum(array_map('strlen', pg_fetch_all_columns($r, 1))), strlen(pg_fetch_result(pg_query($conn, "select repeat('ü', 5000000)"), 0, 0))];
});
test('persistent connections', fn () => [pg_dbname(pg_pconnect('')), pg_fetch_row(pg_query(pg_pconnect(''), 'select 1'))]);
test('killed by the server', function () use ($conn) {
    $other = fresh();
    pg_query($conn, 'select pg_terminate_backend(' . pg_get_pid($other) . ')');
    usleep(200000);
    return [pg_query($other, 'select 1'), pg_connection_status($other), pg_last_error($other)];
});
test('closed connection', fn () => [pg_close($conn), failure(fn () => pg_query($conn, 'select 1'))]);
finish();
