<?php
// PHP's pdo_pgsql: each part of its API, and what it passes through from libpq.
require __DIR__ . '/php_tap.php';

function fresh(string $dsn = '', ?string $user = null, ?string $password = null, array $options = []): PDO
{
    return new PDO('pgsql:' . ($dsn ?: 'dbname=' . getenv('PGDATABASE')), $user, $password, $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

$db = fresh();

test('attributes', fn () => [$db->getAttribute(PDO::ATTR_DRIVER_NAME), $db->getAttribute(PDO::ATTR_CLIENT_VERSION), $db->getAttribute(PDO::ATTR_SERVER_VERSION), $db->getAttribute(PDO::ATTR_CONNECTION_STATUS), preg_replace('/PID: \d+/', 'PID: N', $db->getAttribute(PDO::ATTR_SERVER_INFO)), $db->pgsqlGetPid() > 0]);
test('passwords', fn () => array_map(fn ($way) => fresh('host=127.0.0.1', "pqp_$way", "pw-$way")->query('select current_user')->fetchColumn(), ['password', 'md5', 'scram']));
test('refusals', fn () => [failure(fn () => fresh('host=127.0.0.1', 'pqp_scram', 'no')), failure(fn () => fresh('host=127.0.0.1', 'pqp_scram')), failure(fn () => fresh('dbname=absent')), failure(fn () => fresh('host=127.0.0.1;port=1')), failure(fn () => fresh('nothing=1'))]);
test('fetching in every way', function () use ($db) {
    $sql = 'select g as id, chr(96 + g) as letter, g % 2 = 0 as even, g / 2.0 as half, null as nothing from generate_series(1, 3) g';
    return [$db->query($sql)->fetchAll(PDO::FETCH_ASSOC), $db->query($sql)->fetchAll(PDO::FETCH_NUM), $db->query($sql)->fetchAll(PDO::FETCH_COLUMN, 1), $db->query($sql)->fetchAll(PDO::FETCH_OBJ)];
});
test('values', function () use ($db) {
    $s = $db->prepare("select ?::int, ?::text, ?::bool, ?::text, ?::numeric, encode(?::bytea, 'hex')");
    $s->bindValue(1, -5, PDO::PARAM_INT);
    $s->bindValue(2, "it's ü €\\");
    $s->bindValue(3, true, PDO::PARAM_BOOL);
    $s->bindValue(4, null, PDO::PARAM_NULL);
    $s->bindValue(5, '12345678901234567890.5');
    $bytes = implode('', array_map('chr', range(0, 255)));
    $s->bindParam(6, $bytes, PDO::PARAM_LOB);
    $s->execute();
    return [$s->fetch(PDO::FETCH_NUM), $s->rowCount(), $s->columnCount(), array_map(fn ($i) => array_diff_key($s->getColumnMeta($i), ['table' => 0]), range(0, 5))];
});
test('bytea out', fn () => bin2hex(stream_get_contents($db->query("select '\\x00ff27'::bytea")->fetchColumn())));
test('named and repeated placeholders', function () use ($db) {
    $s = $db->prepare('select :a::text || :b || :a');
    $seen = [];
    foreach (['x', 'y'] as $a) {
        $s->execute(['a' => $a, 'b' => '-']);
        $seen[] = $s->fetchColumn();
    }
    return [$seen, $db->query("select '{\"a\":1}'::jsonb ?? 'a'")->fetchColumn()];
});
test('ways of preparing', function () {
    $seen = [];
    foreach ([[], [PDO::ATTR_EMULATE_PREPARES => true], [PDO::PGSQL_ATTR_DISABLE_PREPARES => true]] as $options) {
        $db = fresh('', null, null, $options);
        $s = $db->prepare('select ?::int + 1');
        foreach ([1, 2] as $value) {
            $s->execute([$value]);
            $seen[] = $s->fetchColumn();
        }
        $seen[] = $db->query('select count(*) from pg_prepared_statements')->fetchColumn();
    }
    return $seen;
});
test('errors', fn () => array_map(fn ($sql) => [failure(fn () => $db->query($sql)), $db->errorCode(), $db->errorInfo()], ['select 1/0', 'select * from nowhere', 'selec', "select 'a'::int"]));
test('errors of a statement', function () use ($db) {
    $s = $db->prepare('select ?::int');
    return [failure(fn () => $s->execute(['x'])), $s->errorCode(), $s->errorInfo(), failure(fn () => $db->prepare('select ?')->execute([]))];
});
test('transactions', function () use ($db) {
    $db->exec('create temp table t (x int)');
    $seen = [$db->beginTransaction(), $db->inTransaction(), $db->exec('insert into t values (1), (2)'), $db->rollBack(), $db->inTransaction(), $db->query('select count(*) from t')->fetchColumn()];
    $db->beginTransaction();
    $db->exec('insert into t values (3)');
    failure(fn () => $db->exec('nonsense'));
    $seen[] = [$db->inTransaction(), failure(fn () => $db->exec('select 1')), $db->commit(), $db->query('select count(*) from t')->fetchColumn()];
    return [...$seen, failure(fn () => $db->commit())];
});
test('last insert id', function () use ($db) {
    $db->exec('create temp table s (id serial, x int)');
    return [$db->exec('insert into s (x) values (7), (8)'), $db->lastInsertId(), $db->lastInsertId('s_id_seq'), $db->query('insert into s (x) values (9) returning id')->fetchColumn()];
});
test('quoting', fn () => [$db->quote("it's \\ ü"), $db->quote(''), $db->quote("\x00'\xff", PDO::PARAM_LOB), $db->quote('5', PDO::PARAM_INT)]);
test('quoting of bad text', fn () => [$db->quote("a\xc3")]);
test('COPY by arrays', function () use ($db) {
    $db->exec('create temp table c (a int, b text)');
    $rows = array_map(fn ($i) => "$i\t" . ($i % 5 ? "line $i ü" : '\N') . "\n", range(1, 2000));
    $bad = null;
    try {
        $bad = $db->pgsqlCopyFromArray('c', ["x\ty\n"]);
    } catch (PDOException $error) {
        $bad = $error->getMessage();
    }
    return [$db->pgsqlCopyFromArray('c', $rows), $db->query("select count(*), sum(a), md5(string_agg(b, ',' order by a)) from c")->fetch(PDO::FETCH_NUM), count($db->pgsqlCopyToArray('c')), $db->pgsqlCopyToArray('c', '|', 'nil', 'b,a')[4], $bad];
});
test('COPY by files', function () use ($db) {
    $path = getenv('PQP_SCRATCH') . '/copy';
    return [$db->pgsqlCopyToFile('c', $path), md5_file($path), $db->exec('delete from c'), $db->pgsqlCopyFromFile('c', $path), $db->query('select count(*) from c')->fetchColumn()];
});
test('large objects', function () use ($db) {
    $db->beginTransaction();
    $oid = $db->pgsqlLOBCreate();
    $stream = $db->pgsqlLOBOpen($oid, 'w');
    $seen = [fwrite($stream, str_repeat('abc', 30000))];
    unset($stream);
    $stream = $db->pgsqlLOBOpen($oid, 'r');
    $seen[] = [fseek($stream, 5), fread($stream, 4), ftell($stream), strlen(stream_get_contents($stream)), feof($stream)];
    unset($stream);
    $seen[] = [$db->pgsqlLOBUnlink($oid), failure(fn () => $db->pgsqlLOBOpen(1, 'r') ?: throw new Exception('none'))];
    $db->rollBack();
    return $seen;
});
test('notifications', function () use ($db) {
    $other = fresh();
    $db->exec('listen "a b"');
    $other->exec("select pg_notify('a b', 'pay ü')");
    $notify = $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 20000);
    return [$notify['message'], $notify['pid'] === $other->pgsqlGetPid(), $notify['payload'], $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 10)];
});
test('scrolling cursor', function () use ($db) {
    $s = $db->prepare('select g from generate_series(1, 10) g', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $db->beginTransaction();
    $s->execute();
    $seen = array_map(fn ($way) => $s->fetch(PDO::FETCH_NUM, ...$way), [[PDO::FETCH_ORI_NEXT], [PDO::FETCH_ORI_LAST], [PDO::FETCH_ORI_PRIOR], [PDO::FETCH_ORI_FIRST], [PDO::FETCH_ORI_ABS, 5], [PDO::FETCH_ORI_REL, 2]]);
    $db->commit();
    return $seen;
});
test('several statements at once', fn () => [$db->exec('create temp table q (a int); insert into q values (1), (2); delete from q')]);
test('many and large rows', function () use ($db) {
    $rows = $db->query("select g, repeat('x', g % 1000) from generate_series(1, 50000) g")->fetchAll(PDO::FETCH_NUM);
    return [count($rows), array_sum(array_map(fn ($row) => strlen($row[1]), $rows)), strlen($db->query("select repeat('ü', 5000000)")->fetchColumn())];
});
test('encodings', function () {
    $db = fresh();
    $db->exec("set client_encoding = 'LATIN1'");
    return [bin2hex($db->query("select U&'\\00fc'")->fetchColumn()), $db->query("select length('" . "\xfc" . "')")->fetchColumn()];
});
test('persistent connections', fn () => [fresh('', null, null, [PDO::ATTR_PERSISTENT => true])->query('select 1')->fetchColumn(), fresh('', null, null, [PDO::ATTR_PERSISTENT => true])->query('select 2')->fetchColumn()]);
test('killed by the server', function () use ($db) {
    $other = fresh();
    $db->query('select pg_terminate_backend(' . $other->pgsqlGetPid() . ')');
    usleep(200000);
    return [failure(fn () => $other->query('select 1')), failure(fn () => $other->query('select 1')), $other->getAttribute(PDO::ATTR_CONNECTION_STATUS)];
});
finish();
