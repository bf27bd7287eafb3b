package command

import (
	"fmt"
	"strings"
	"testing"
)

// wantInfo looks for fields of INFO.
func (r *rig) wantInfo(fields ...string) {
	r.Helper()
	info := r.connect().do("INFO everything")
	for _, want := range fields {
		if !strings.Contains(info, "\r\n"+want+"\r\n") {
			name, _, _ := strings.Cut(want, ":")
			_, got, _ := strings.Cut(info, "\r\n"+name+":")
			got, _, _ = strings.Cut(got, "\r\n")
			r.Errorf("%s, not %q", want, got)
		}
	}
}

// TestInfoFollowsWhatHappens looks at fields that are easily forgotten to be counted.
func TestInfoFollowsWhatHappens(t *testing.T) {
	r := newRig(t, "enable-debug-command yes")
	r.wantInfo("clients_in_timeout_table:0", "expired_stale_perc:0.00", "active_defrag_hits:0", "rdb_last_load_keys_loaded:0", "dump_payload_sanitizations:0",
		"number_of_cached_scripts:0", "used_memory_scripts:0")
	a, b := r.connect(), r.connect()
	a.do("BLPOP l 0")
	b.do("BLPOP l 10")
	r.wantInfo("blocked_clients:2", "clients_in_timeout_table:1")
	r.do("RPUSH l 1 2")
	r.wantInfo("blocked_clients:0", "clients_in_timeout_table:0")

	r.ok("DEBUG SET-ACTIVE-EXPIRE 0")
	for i := range 40 {
		r.do(fmt.Sprintf("SET k%d v PX %d", i, 10))
	}
	r.wantInfo("expired_stale_perc:0.00")
	r.advance(11)
	r.wantInfo("expired_stale_perc:100.00", "db0:keys=40,expires=40,avg_ttl=0")
	r.ok("FLUSHALL")

	r.do("MSET a 1 b 2 c 3")
	r.ok("DEBUG RELOAD")
	r.wantInfo("rdb_last_load_keys_loaded:3", "rdb_last_load_keys_expired:0")
	payload := parseReply(t, r.do("DUMP a")).(string)
	r.send("RESTORE", "d", "0", payload)
	r.wantInfo("dump_payload_sanitizations:1")
	r.send("EVAL", "return 1", "0")
	r.wantInfo("number_of_cached_scripts:1", fmt.Sprintf("used_memory_scripts:%d", scriptOverhead+len("return 1")))
	r.ok("CONFIG RESETSTAT")
	r.do("nosuch")
	r.do("GET")
	r.wantInfo("total_commands_processed:1", "total_error_replies:2") // INFO, but not what was refused
	r.ok("CONFIG RESETSTAT")
	r.wantInfo("total_reads_processed:1", "dump_payload_sanitizations:0")
}
