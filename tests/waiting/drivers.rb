# Connects by ruby-pg, and says what it took, as loops.c does.
#
# usage: drivers.rb CONNINFO
require "pg"

$wakeups = 0
module Counted
  def connect_poll
    $wakeups += 1
    super
  end
end
PG::Connection.prepend(Counted)

start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
begin
  conn = PG.connect(ARGV[0])
  conn.exec("SELECT 1")
  conn.close
  outcome, text = "up", ""
rescue PG::Error, SystemCallError => e
  outcome, text = "failed", "#{e.class}: #{e.message}".tr("\n\t", "||")
end
ms = (Process.clock_gettime(Process::CLOCK_MONOTONIC) - start) * 1000
puts "#{outcome}\twakeups #{$wakeups}\tms #{ms.round}\tkept_ms 0\tleft 0\tsame 1\t#{text}"
