# ruby-pg: each part of its API, and what it passes through from libpq.
require 'json'
require 'pg'
require 'stringio'
require 'tempfile'

$stdout.sync = true

def shown(value)
  text = JSON.generate(value).gsub(ENV['PQP_HOST'], 'HOST').gsub(/\b#{ENV['PQP_PORT']}\b/, 'PORT').gsub(ENV['PQP_SCRATCH'], 'SCRATCH')
  text.encode('US-ASCII', fallback: ->(c) { format('\\u%04x', c.ord) })
end

# What the block gives is what the test saw; raising is failing.
def test(name)
  seen = yield
  puts "ok - #{name}\t#{shown(seen)}"
rescue StandardError, NotImplementedError => e
  warn e.full_message(highlight: false)
  puts "not ok - #{name}\t#{shown("#{e.class}: #{e.message}".scrub)}"
end

def failure
  yield
  raise 'it did not fail'
rescue PG::Error => e
  "#{e.class}: #{e.message}"
end

def connect(**options)
  conn = PG.connect(**options)
  yield conn
ensure
  conn&.finish unless conn&.finished?
end

test('versions') { [PG.library_version, PG.threadsafe?, connect(&:server_version), connect(&:protocol_version)] }
test('accessors of a connection') do
  connect(application_name: 'interop') do |c|
    [c.db, c.user, c.pass, c.host, c.port, c.options, c.tty, c.status, c.transaction_status, c.error_message,
     c.parameter_status('application_name'), c.parameter_status('none'), c.backend_pid.positive?, c.socket.positive?,
     c.internal_encoding&.name, c.external_encoding.name, c.get_client_encoding, c.set_error_verbosity(PG::PQERRORS_DEFAULT),
     c.connection_needs_password, c.connection_used_password, c.isnonblocking, c.finished?, c.hostaddr, c.ssl_in_use?]
  end
end
# the defaults of ssl*, gss* and channel_binding tell which parts this libpq was built with
test('conninfo of a connection') { connect { |c| c.conninfo_hash.compact.reject { |k, _| k.to_s =~ /^(ssl|gss|channel)/ }.sort.to_h } }
test('conninfo parsed') do
  [PG::Connection.conninfo_parse("host=a dbname='b c'").select { |o| o[:val] }.map { |o| [o[:keyword], o[:val]] },
   PG::Connection.conninfo_parse('postgresql://u@h/d').select { |o| o[:val] }.map { |o| [o[:keyword], o[:val]] },
   failure { PG::Connection.conninfo_parse('nothing=1') }, failure { PG::Connection.conninfo_parse("host='") }]
end
test('connection defaults') { PG::Connection.conndefaults.map { |o| o.slice(:keyword, :envvar, :compiled, :label, :dispchar, :dispsize) }.reject { |o| o[:keyword] =~ /^(ssl|gss|channel)/ } }
test('ping') { [PG::Connection.ping(''), PG::Connection.ping('host=127.0.0.1 port=1'), failure { PG::Connection.ping('nothing=1') }] }
test('passwords') do
  %w[password md5 scram].map { |w| connect(host: '127.0.0.1', user: "pqp_#{w}", password: "pw-#{w}") { |c| [c.exec('select current_user').getvalue(0, 0), c.connection_used_password] } }
end
test('refusals') do
  [failure { connect(host: '127.0.0.1', user: 'pqp_scram', password: 'no') {} }, failure { connect(host: '127.0.0.1', user: 'pqp_scram') {} },
   failure { connect(dbname: 'absent') {} }, failure { connect(host: '127.0.0.1', port: 1) {} }, failure { connect(host: '/nowhere') {} },
   failure { connect(user: 'pqp_reject', host: '127.0.0.1') {} }, failure { connect(host: 'a,b', port: '1,2,3') {} }]
end
test('several hosts') { connect(host: "127.0.0.1,#{ENV['PQP_HOST']}", port: "1,#{ENV['PQP_PORT']}") { |c| [c.host, c.port, c.exec('select 1').values] } }
test('reset') { connect { |c| pid = c.backend_pid; c.reset; [c.backend_pid != pid, c.exec('select 1').values, c.status] } }
test('synchronous calls') do
  connect do |c|
    r = c.sync_exec('select 1 as a, null as b')
    [r.values, c.sync_exec_params('select $1::int + $2', [1, 2]).values, c.sync_prepare('p', 'select $1::text').result_status,
     c.sync_exec_prepared('p', ['ü']).values, c.sync_describe_prepared('p').nparams]
  end
end

test('accessors of a result') do
  connect do |c|
    r = c.exec("select 1 as one, 'two'::text as two, null as three, 4.5::numeric(5,2) as four, oid from pg_class where relname = 'pg_class'")
    [r.values, r.fields, r.ntuples, r.nfields, r.cmd_status, r.cmd_tuples, r.res_status(r.result_status), r.ftype(3), r.fmod(3), r.fsize(0), r.fformat(0), r.ftable(4), r.ftablecol(4),
     r.fnumber('two'), r.getisnull(0, 2), r.getlength(0, 1), r.getvalue(0, 1), r.column_values(0), r.field_values('two'), r.tuple(0).to_a, r[0], r.nparams, r.error_message, r.check.class.to_s,
     begin r.fnumber('none') rescue e = $!.class.to_s end, begin r.getvalue(5, 0) rescue $!.message end]
  end
end
test('cleared result') { connect { |c| r = c.exec('select 1'); r.clear; [r.cleared?, failure { r.values }] } }
test('parameters') do
  connect do |c|
    [c.exec_params('select $1::int, $2::text, $3::bytea, $4::text', [7, "it's ü", { value: "\x00\xff".b, format: 1 }, nil]).values.inspect,
     c.exec_params('select $1', [{ value: [5].pack('N'), type: 23, format: 1 }], 1).getvalue(0, 0).unpack1('N'),
     failure { c.exec_params('select $1', []) }]
  end
end
test('prepared statements') do
  connect do |c|
    c.prepare('s', 'select $1::int8 * 2 as x, $2::text as y')
    d = c.describe_prepared('s')
    [(1..3).map { |i| c.exec_prepared('s', [i, 'a']).values }, d.nparams, d.paramtype(0), d.paramtype(1), d.fields, d.ftype(0), failure { c.exec_prepared('none', []) }, failure { c.describe_prepared('none') }]
  end
end
test('portals') { connect { |c| c.exec('begin; declare p cursor for select 1 as a, 2 as b'); d = c.describe_portal('p'); [d.fields, failure { c.describe_portal('none') }] } }
test('type maps') do
  connect do |c|
    c.type_map_for_results = PG::BasicTypeMapForResults.new(c)
    c.type_map_for_queries = PG::BasicTypeMapForQueries.new(c)
    r = c.exec_params('select $1, $2, $3, $4, $5, now() is not null', [1, 2.5, [1, 2], 'x', true])
    r2 = c.exec("select '{1,NULL,3}'::int[], 'infinity'::float8, '\\x00ff'::bytea, '{\"a\":1}'::json, '2024-02-29'::date, 12345678901234567890.5::numeric")
    [r.values, r2.values.inspect]
  end
end
test('errors') do
  connect do |c|
    ['select 1/0', 'select * from nowhere', 'selec', "select 'a'::int", "select '€', ü"].map do |sql|
      c.exec(sql)
    rescue PG::Error => e
      r = e.result
      [e.class.to_s, e.message, r.res_status(r.result_status), r.error_message, r.cmd_status,
       [PG::PG_DIAG_SEVERITY, PG::PG_DIAG_SQLSTATE, PG::PG_DIAG_MESSAGE_PRIMARY, PG::PG_DIAG_MESSAGE_HINT, PG::PG_DIAG_STATEMENT_POSITION, PG::PG_DIAG_SEVERITY_NONLOCALIZED].map { |f| r.error_field(f) }]
    end
  end
end
test('fields of an error') do
  connect do |c|
    c.exec('create temp table f (x int constraint positive check (x > 0) not null)')
    begin
      c.exec('insert into f values (-1)')
    rescue PG::CheckViolation => e
      [PG::PG_DIAG_TABLE_NAME, PG::PG_DIAG_CONSTRAINT_NAME, PG::PG_DIAG_MESSAGE_DETAIL, PG::PG_DIAG_COLUMN_NAME].map { |f| e.result.error_field(f) }
    end
  end
end
test('verbosity and context') do
  connect do |c|
    [PG::PQERRORS_TERSE, PG::PQERRORS_DEFAULT, PG::PQERRORS_VERBOSE, PG::PQERRORS_SQLSTATE].flat_map do |v|
      [PG::PQSHOW_CONTEXT_NEVER, PG::PQSHOW_CONTEXT_ERRORS, PG::PQSHOW_CONTEXT_ALWAYS].map do |x|
        [c.set_error_verbosity(v), c.set_error_context_visibility(x), failure { c.exec("do $$ begin perform 1/0; end $$") }.gsub(/:\d+\n/, ":N\n")]
      end
    end
  end
end
test('verbose error message of a result') do
  connect { |c| begin c.exec('select 1/0') rescue [$!.result.verbose_error_message(PG::PQERRORS_TERSE, PG::PQSHOW_CONTEXT_ALWAYS), $!.result.result_error_message] end }
end
test('notices') do
  connect do |c|
    received = []
    processed = []
    c.set_notice_receiver { |r| received << [r.error_field(PG::PG_DIAG_MESSAGE_PRIMARY), r.res_status(r.result_status)] }
    c.exec("do $$ begin raise notice 'one ü'; end $$")
    c.set_notice_receiver
    c.set_notice_processor { |m| processed << m }
    c.exec("do $$ begin raise warning 'two' using hint = 'a hint'; end $$")
    [received, processed]
  end
end
test('transactions') do
  connect do |c|
    c.exec('create temp table t (x int)')
    seen = [c.transaction { c.exec('insert into t values (1)'); c.transaction_status }]
    begin
      c.transaction { c.exec('insert into t values (2)'); seen << c.transaction_status; c.exec('nonsense') }
    rescue PG::SyntaxError
      seen << c.transaction_status
    end
    seen << c.exec('select * from t').values
  end
end

test('COPY in') do
  connect do |c|
    c.exec('create temp table c (a int, b text)')
    r = c.copy_data('copy c from stdin', PG::TextEncoder::CopyRow.new) { 5000.times { |i| c.put_copy_data([i, i % 5 == 0 ? nil : "tab\t #{i} ü"]) } }
    [r.cmd_status, c.exec("select count(*), sum(a), md5(string_agg(b, ',' order by a)) from c").values]
  end
end
test('COPY in given up') { connect { |c| c.exec('create temp table c (a int)'); [begin c.copy_data('copy c from stdin') { c.put_copy_data("1\n"); raise 'enough' } rescue $!.message end, c.transaction_status, c.exec('select count(*) from c').values] } }
test('COPY in refused') { connect { |c| c.exec('create temp table c (a int)'); [failure { c.copy_data('copy c from stdin') { c.put_copy_data("x\n") } }, c.exec('select 1').values] } }
test('COPY out') do
  connect do |c|
    rows = []
    c.copy_data("copy (select g, 'r' || g, null from generate_series(1, 1000) g) to stdout", PG::TextDecoder::CopyRow.new) { while (row = c.get_copy_data) do rows << row end }
    [rows.size, rows.first, rows.last, failure { c.copy_data('copy (select 1 from generate_series(1,9)) to stdout') { c.get_copy_data } }]
  end
end
test('COPY binary') { connect { |c| all = +''.b; c.copy_data("copy (select 1, 'x', null::int) to stdout (format binary)") { while (b = c.get_copy_data) do all << b end }; all.unpack1('H*') } }
test('single rows') do
  connect do |c|
    c.send_query('select g from generate_series(1, 500) g; select 1/0')
    c.set_single_row_mode
    sum = 0
    seen = []
    begin
      while (r = c.get_result)
        r.check
        sum += r.getvalue(0, 0).to_i if r.result_status == PG::PGRES_SINGLE_TUPLE
        seen << r.res_status(r.result_status) unless r.result_status == PG::PGRES_SINGLE_TUPLE
      end
    rescue PG::DivisionByZero => e
      seen << e.message
    end
    nil while c.get_result
    [sum, seen]
  end
end
test('streaming') { connect { |c| c.send_query('select g, g * 2 from generate_series(1, 5000) g'); c.set_single_row_mode; n = 0; c.get_result.stream_each_row { |a, _| n += a.to_i }; n } }
test('asynchronous calls') do
  connect do |c|
    c.setnonblocking(true)
    c.send_query_params('select $1::int, pg_sleep(0.2)', [4])
    c.flush
    busy = c.is_busy
    until (c.consume_input; !c.is_busy) do c.socket_io.wait_readable(10) end
    [busy, c.get_result.values, c.get_result, c.isnonblocking, c.block(1), c.flush]
  end
end
test('polled connecting') do
  c = PG::Connection.connect_start(host: ENV['PQP_HOST'])
  last = nil
  loop do
    last = c.connect_poll
    break if [PG::PGRES_POLLING_OK, PG::PGRES_POLLING_FAILED].include?(last)
    last == PG::PGRES_POLLING_READING ? c.socket_io.wait_readable(10) : c.socket_io.wait_writable(10)
  end
  seen = [last == PG::PGRES_POLLING_OK, c.status]
  c.reset_start
  loop do
    last = c.reset_poll
    break if [PG::PGRES_POLLING_OK, PG::PGRES_POLLING_FAILED].include?(last)
    last == PG::PGRES_POLLING_READING ? c.socket_io.wait_readable(10) : c.socket_io.wait_writable(10)
  end
  seen << c.exec('select 1').values
  c.finish
  seen
end
test('pipeline') do
  connect do |c|
    c.enter_pipeline_mode
    seen = [c.pipeline_status]
    c.send_query_params('select $1::int', [1])
    c.send_prepare('pp', 'select 2')
    c.send_query_prepared('pp', [])
    c.send_query_params('select 1/0', [])
    c.send_query_params('select 5', [])
    c.pipeline_sync
    c.send_query_params('select 6', [])
    c.send_flush_request
    c.pipeline_sync
    syncs = 0
    while syncs < 2
      r = c.get_result
      seen << (r && [r.res_status(r.result_status), r.ntuples.positive? ? r.values : r.error_message])
      syncs += 1 if r && r.result_status == PG::PGRES_PIPELINE_SYNC
    end
    c.exit_pipeline_mode
    seen << c.pipeline_status << failure { c.enter_pipeline_mode; c.send_query('select 1') }
  end
end
test('cancelling') do
  connect do |c|
    c.send_query('select pg_sleep(60)')
    sleep 0.2
    # its own cancel reads a structure of libpq's that 18 has changed: it fails on the reference too
    [c.sync_cancel, failure { c.get_last_result }, c.exec('select 1').values]
  end
end
test('notifications') do
  connect do |c|
    connect do |other|
      c.exec('listen "a b"')
      other.exec("select pg_notify('a b', 'pay ü')")
      own = nil
      from = c.wait_for_notify(20) { |channel, pid, payload| own = [channel, pid == other.backend_pid, payload] }
      [from, own, c.notifies, c.wait_for_notify(0.01)]
    end
  end
end

test('escaping') do
  connect do |c|
    [c.escape_string("it's \\ ü"), c.escape_literal("it's \\ ü"), c.escape_identifier('a "b"'), c.escape_bytea("\x00'\\\xff".b), PG::Connection.escape_bytea("\x00'\xff".b),
     PG::Connection.escape_string("a'b"), PG::Connection.unescape_bytea('\x00ff').unpack1('H*'), PG::Connection.unescape_bytea('a\\\\b\\001').unpack1('H*'), PG::Connection.quote_ident('a"b'), PG::Connection.quote_ident(%w[a b])]
  end
end
test('escaping of bad text') { connect { |c| %i[escape_string escape_literal escape_identifier].map { |m| failure { c.public_send(m, "a\xc3") } } } }
test('passwords encrypted') { connect { |c| [c.encrypt_password('secret', 'joe', 'md5'), c.encrypt_password('secret', 'joe', 'scram-sha-256')[0, 19], failure { c.encrypt_password('a', 'b', 'nonsense') }, PG::Connection.encrypt_password('secret', 'joe')] } }
test('encodings') do
  connect do |c|
    %w[LATIN1 UTF8 EUC_JP SJIS].map do |name|
      c.set_client_encoding(name)
      [c.get_client_encoding, c.internal_encoding.name, c.exec_params("select $1::text || '!'", [name =~ /EUC|SJIS/ ? 'あ' : 'ü']).getvalue(0, 0).encode('UTF-8')]
    end << failure { c.set_client_encoding('nonsense') }
  end
end
test('large objects') do
  connect do |c|
    c.transaction do
      oid = c.lo_creat(PG::INV_READ | PG::INV_WRITE)
      fd = c.lo_open(oid, PG::INV_READ | PG::INV_WRITE)
      data = (0...100_000).map { |i| (i % 256).chr }.join.b
      seen = [c.lo_write(fd, data), c.lo_lseek(fd, 10, PG::SEEK_SET), c.lo_read(fd, 3).unpack1('H*'), c.lo_tell(fd), c.lo_truncate(fd, 500), c.lo_lseek(fd, 0, PG::SEEK_END), c.lo_read(fd, 5), c.lo_close(fd)]
      path = "#{ENV['PQP_SCRATCH']}/lo"
      c.lo_export(oid, path)
      other = c.lo_import(path)
      third = c.lo_create(424_242)
      seen + [File.size(path), c.exec("select lo_get(#{oid}) = lo_get(#{other})").values, third, c.lo_unlink(oid), c.lo_unlink(other), c.lo_unlink(third)]
    end
  end
end
test('large object that is not there') { connect { |c| [failure { c.lo_open(1) }, failure { c.lo_unlink(1) }, failure { c.lo_import('/nowhere/none') }] } }
test('tracing') do
  path = "#{ENV['PQP_SCRATCH']}/trace"
  connect { |c| File.open(path, 'w') { |f| c.trace(f); c.exec_params('select $1::int as x', [3]); begin c.exec('nonsense') rescue nil end; c.untrace } }
  # without times, and source lines of the server's
  File.readlines(path, chomp: true).map { |l| l.sub(/^\S+ \S+\t/, '').gsub(/"\d+"/, '"N"') }
end
test('many and large rows') do
  connect do |c|
    r = c.exec("select g, repeat('x', g % 1000) from generate_series(1, 50000) g")
    [r.ntuples, r.column_values(1).sum(&:length), c.exec("select repeat('ü', 5000000)").getvalue(0, 0).length, c.exec('select ' + (1..1600).to_a.join(',')).nfields]
  end
end
test('threads') { (0...8).map { |i| Thread.new { connect { |c| c.exec("select #{i} + sum(g) from generate_series(1, 1000) g").getvalue(0, 0) } } }.map(&:value) }
test('connection killed by the server') do
  connect do |c|
    connect { |other| other.exec("select pg_terminate_backend(#{c.backend_pid})") }
    [failure { c.exec('select 1') }, c.status, failure { c.exec('select 1') }]
  end
end
test('finished connection') { c = PG.connect; c.finish; [c.finished?, failure { c.exec('select 1') }, failure { c.finish }] }
puts 'done'
