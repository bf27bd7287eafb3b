package command

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"spindle/store/config"
)

// INFO. Each section is a function; info_memory.go has the one about memory.

var infoCommands = []*Command{
	{Name: "info", Arity: -1, Flags: Loading | Stale, Group: "server", Since: "1.0.0", Categories: CatDangerous,
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
		History:    []Change{{"7.0.0", "Added support for taking multiple section arguments."}}, Syntax: "[section...]",
		Summary: "Get information and statistics about the server", Run: infoCommand},
}

// infoSection is one section of INFO.
type infoSection struct {
	name   string // as in its headline; asked for in any case
	detail bool   // too long for INFO without arguments
	write  func(s *Server, w *infoWriter)
}

var infoSections = []infoSection{
	{"Server", false, (*Server).infoServer},
	{"Clients", false, (*Server).infoClients},
	{"Memory", false, (*Server).infoMemory},
	{"Persistence", false, (*Server).infoPersistence},
	{"Stats", false, (*Server).infoStats},
	{"Replication", false, (*Server).infoReplication},
	{"CPU", false, (*Server).infoCPU},
	{"Modules", false, func(*Server, *infoWriter) {}},
	{"Commandstats", true, (*Server).infoCommandstats},
	{"Errorstats", false, (*Server).infoErrorstats},
	{"Latencystats", true, (*Server).infoLatencystats},
	{"Cluster", false, func(s *Server, w *infoWriter) { w.int("cluster_enabled", 0) }},
	{"Keyspace", false, (*Server).infoKeyspace},
}

// infoCommand answers the sections asked for, in an order of its own; unknown ones are left out.
func infoCommand(c *Ctx) error {
	c.Out.Verbatim("txt", c.S.info(c.Args[1:]))
	return nil
}

// info returns the sections with the given names, or the short ones if there are none.
func (s *Server) info(names [][]byte) string {
	wanted := func(sec *infoSection) bool { return !sec.detail }
	if len(names) > 0 {
		wanted = func(sec *infoSection) bool {
			return slices.ContainsFunc(names, func(arg []byte) bool {
				return equalFold(strings.ToLower(sec.name), arg) || isToken(arg, "ALL") || isToken(arg, "EVERYTHING") ||
					isToken(arg, "DEFAULT") && !sec.detail
			})
		}
	}
	w := &infoWriter{}
	for i := range infoSections {
		sec := &infoSections[i]
		if !wanted(sec) {
			continue
		}
		if w.Len() > 0 {
			w.WriteString("\r\n")
		}
		w.WriteString("# " + sec.name + "\r\n")
		sec.write(s, w)
	}
	return w.String()
}

// infoWriter writes fields.
type infoWriter struct{ strings.Builder }

func (w *infoWriter) text(name, value string) {
	w.WriteString(name)
	w.WriteByte(':')
	w.WriteString(value)
	w.WriteString("\r\n")
}

func (w *infoWriter) int(name string, n int64) { w.text(name, strconv.FormatInt(n, 10)) }

func (w *infoWriter) bool(name string, b bool) {
	if b {
		w.int(name, 1)
	} else {
		w.int(name, 0)
	}
}

func (w *infoWriter) fixed(name string, f float64, digits int) {
	w.text(name, strconv.FormatFloat(f, 'f', digits, 64))
}

// size writes a number of bytes twice, the second time for people.
func (w *infoWriter) size(name string, n int64) {
	w.int(name, n)
	w.text(name+"_human", humanBytes(n))
}

// status writes ok or err.
func (w *infoWriter) status(name string, ok bool) {
	if ok {
		w.text(name, "ok")
	} else {
		w.text(name, "err")
	}
}

// humanBytes prints a size with a unit.
func humanBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%dB", n)
	}
	f := float64(n)
	unit := 0
	for ; f >= 1024 && unit < len("KMGTP"); unit++ {
		f /= 1024
	}
	return fmt.Sprintf("%.2f%c", f, "KMGTP"[unit-1])
}

func (s *Server) process() ProcessInfo {
	if s.env.Process == nil {
		return ProcessInfo{}
	}
	return s.env.Process()
}

func (s *Server) infoServer(w *infoWriter) {
	p := s.process()
	w.text("redis_version", RedisVersion)
	w.text("spindle_version", SpindleVersion)
	w.text("redis_git_sha1", "00000000")
	w.text("redis_git_dirty", "0")
	w.text("redis_build_id", "0")
	w.text("redis_mode", "standalone")
	w.text("os", p.OS)
	w.int("arch_bits", strconv.IntSize)
	w.text("monotonic_clock", runtime.Version()+" monotonic clock")
	w.text("multiplexing_api", multiplexer())
	w.text("atomicvar_api", "sync/atomic")
	w.text("go_version", runtime.Version())
	w.int("process_id", int64(p.PID))
	w.text("process_supervised", p.Supervised)
	w.text("run_id", s.runID)
	w.int("tcp_port", int64(s.Config.Port))
	w.int("server_time_usec", s.env.UnixNano()/1000)
	uptime := (s.nowMs - s.startedMs) / 1000
	w.int("uptime_in_seconds", uptime)
	w.int("uptime_in_days", uptime/86400)
	w.int("hz", int64(s.Config.Hz))
	w.int("configured_hz", int64(s.Config.Hz))
	w.int("lru_clock", s.nowMs/1000&(1<<24-1))
	w.text("executable", p.Executable)
	w.text("config_file", s.Config.File)
	w.int("io_threads_active", 0)
}

// multiplexer is what the event loop waits with.
func multiplexer() string {
	if runtime.GOOS == "linux" {
		return "epoll"
	}
	return "kqueue"
}

func (s *Server) infoClients(w *infoWriter) {
	var in, out int64
	for _, c := range s.clients {
		u := c.usage()
		in, out = max(in, u.query+u.queryFree), max(out, u.pending)
	}
	w.int("connected_clients", int64(len(s.clients)))
	w.int("cluster_connections", 0)
	w.int("maxclients", int64(s.Config.Maxclients))
	w.int("client_recent_max_input_buffer", in)
	w.int("client_recent_max_output_buffer", out)
	w.int("blocked_clients", int64(s.blocked.count))
	w.int("tracking_clients", int64(s.tracking.clients))
	w.int("clients_in_timeout_table", int64(s.blocked.timed))
}

func (s *Server) infoPersistence(w *infoWriter) {
	w.bool("loading", s.loading)
	w.int("async_loading", 0)
	w.int("current_cow_peak", 0)
	w.int("current_cow_size", 0)
	w.int("current_cow_size_age", 0)
	w.fixed("current_fork_perc", 0, 2)
	w.int("current_save_keys_processed", s.snapshotKeys())
	w.int("current_save_keys_total", s.snapshotTotal())
	w.int("rdb_changes_since_last_save", s.stats.Changes)
	w.bool("rdb_bgsave_in_progress", s.saving.running != nil)
	w.int("rdb_last_save_time", s.savedMs/1000)
	s.infoSaving(w)
	w.int("rdb_last_cow_size", 0)
	w.int("rdb_last_load_keys_expired", s.loadedRDB.expired)
	w.int("rdb_last_load_keys_loaded", s.loadedRDB.keys)
	s.infoLog(w)
	w.int("module_fork_in_progress", 0)
	w.int("module_fork_last_cow_size", 0)
	if s.loading {
		s.infoLoading(w)
	}
}

// infoLog tells about the append-only log.
func (s *Server) infoLog(w *infoWriter) {
	st := aofStatusOff
	if s.Log != nil {
		st = s.Log.Status()
	}
	w.bool("aof_enabled", s.Log != nil)
	w.bool("aof_rewrite_in_progress", st.RewriteInProgress)
	w.bool("aof_rewrite_scheduled", s.rewriteScheduled || s.rewriteAgain)
	w.int("aof_last_rewrite_time_sec", st.LastRewriteSec)
	w.int("aof_current_rewrite_time_sec", st.CurrentRewriteSec)
	w.status("aof_last_bgrewrite_status", st.LastRewriteOK)
	w.int("aof_rewrites", st.Rewrites)
	w.int("aof_rewrites_consecutive_failures", st.ConsecutiveFailures)
	w.status("aof_last_write_status", st.LastWriteOK)
	w.int("aof_last_cow_size", 0)
	if s.Log == nil {
		return
	}
	w.int("aof_current_size", st.CurrentSize)
	w.int("aof_base_size", st.BaseSize)
	w.bool("aof_pending_rewrite", st.WaitRewrite)
	w.int("aof_buffer_length", st.BufferBytes)
	w.int("aof_pending_bio_fsync", st.PendingSyncs)
	w.int("aof_delayed_fsync", st.DelayedSyncs)
	w.int("aof_stalls", st.Stalls)
	w.int("aof_rewrite_backlog", st.RewriteBacklog)
}

func (s *Server) infoLoading(w *infoWriter) {
	done, total := s.loaded.bytes, s.loaded.total
	elapsed := (s.nowMs - s.loaded.startMs) / 1000
	w.int("loading_start_time", s.loaded.startMs/1000)
	w.int("loading_total_bytes", total)
	w.int("loading_loaded_bytes", done)
	percent, eta := 0.0, int64(1)
	if total > 0 {
		percent = float64(done) * 100 / float64(total)
	}
	if done > 0 {
		eta = elapsed * (total - done) / done
	}
	w.fixed("loading_loaded_perc", percent, 2)
	w.int("loading_eta_seconds", eta)
}

func (s *Server) infoSaving(w *infoWriter) {
	v, status, seconds := &s.saving, "ok", int64(-1)
	if v.failed {
		status = "err"
	}
	if v.running != nil {
		seconds = (s.nowMs - v.running.startMs) / 1000
	}
	w.text("rdb_last_bgsave_status", status)
	w.int("rdb_last_bgsave_time_sec", v.lastSec)
	w.int("rdb_current_bgsave_time_sec", seconds)
	w.int("rdb_saves", v.saves)
}

// snapshotKeys returns how many keys the running walk has written.
func (s *Server) snapshotKeys() int64 {
	if snap := s.Store.Snapshot(); snap != nil {
		return snap.Keys()
	}
	return 0
}

// snapshotTotal returns how many keys there are to write, as far as one can tell while they change.
func (s *Server) snapshotTotal() int64 {
	if s.Store.Snapshot() == nil {
		return 0
	}
	return int64(s.Store.Keys())
}

func (s *Server) infoStats(w *infoWriter) {
	st := &s.stats
	w.int("total_connections_received", st.Connections)
	w.int("total_commands_processed", st.Commands)
	w.int("instantaneous_ops_per_sec", int64(s.cron.opsRate.perSecond()))
	w.int("total_net_input_bytes", st.NetIn)
	w.int("total_net_output_bytes", st.NetOut)
	w.int("total_net_repl_input_bytes", 0)
	w.int("total_net_repl_output_bytes", 0)
	w.fixed("instantaneous_input_kbps", s.cron.inRate.perSecond()/1024, 2)
	w.fixed("instantaneous_output_kbps", s.cron.outRate.perSecond()/1024, 2)
	w.fixed("instantaneous_input_repl_kbps", 0, 2)
	w.fixed("instantaneous_output_repl_kbps", 0, 2)
	w.int("rejected_connections", st.Rejected)
	w.int("sync_full", 0)
	w.int("sync_partial_ok", 0)
	w.int("sync_partial_err", 0)
	w.int("expired_keys", s.Store.ExpiredKeys)
	w.fixed("expired_stale_perc", s.stalePercent(), 2)
	w.int("expired_time_cap_reached_count", s.cron.expire.cut)
	w.int("expire_cycle_cpu_milliseconds", s.cron.expire.nanos/1e6)
	w.int("evicted_keys", st.Evicted)
	w.int("evicted_clients", st.EvictedClients)
	total, current := s.timeOverMemory()
	w.int("total_eviction_exceeded_time", total/1e6)
	w.int("current_eviction_exceeded_time", current/1e6)
	w.int("keyspace_hits", s.Store.Hits)
	w.int("keyspace_misses", s.Store.Misses)
	w.int("pubsub_channels", int64(len(s.pubsub.channels[plainChannel])))
	w.int("pubsub_patterns", int64(len(s.pubsub.patterns)))
	w.int("pubsubshard_channels", int64(len(s.pubsub.channels[shardChannel])))
	w.int("latest_fork_usec", 0)
	w.int("total_forks", 0)
	w.int("migrate_cached_sockets", 0)
	w.int("slave_expires_tracked_keys", 0)
	w.int("active_defrag_hits", st.KeysMoved) // a key and a small value are one allocation
	w.int("active_defrag_misses", st.KeysLeft)
	w.int("active_defrag_key_hits", st.KeysMoved)
	w.int("active_defrag_key_misses", st.KeysLeft)
	w.int("total_active_defrag_time", s.cron.defrag.nanos/1e6)
	if s.defrag.on {
		w.int("current_active_defrag_time", (s.cron.defrag.nanos-s.defrag.before)/1e6)
	} else {
		w.int("current_active_defrag_time", 0)
	}
	keys, items := s.tracking.size()
	w.int("tracking_total_keys", keys)
	w.int("tracking_total_items", items)
	w.int("tracking_total_prefixes", int64(len(s.tracking.prefixes)))
	w.int("unexpected_error_replies", st.Panics)
	w.int("total_error_replies", st.Errors)
	w.int("dump_payload_sanitizations", st.Sanitized)
	w.int("total_reads_processed", s.events-st.EventsBefore)
	w.int("total_writes_processed", st.Writes)
	w.int("io_threaded_reads_processed", 0)
	w.int("io_threaded_writes_processed", 0)
	w.int("reply_buffer_shrinks", s.spare.freed)
	w.int("reply_buffer_expands", s.spare.made)
	w.int("longest_background_slice_usec", s.pump.maxNanos/1000)
	w.int("longest_background_slice_cpu_usec", s.pump.maxCPU/1000)
}

func (s *Server) infoReplication(w *infoWriter) {
	w.text("role", "master")
	w.int("connected_slaves", 0)
	w.text("master_failover_state", "no-failover")
	w.text("master_replid", s.replID)
	w.text("master_replid2", strings.Repeat("0", 40))
	w.int("master_repl_offset", 0)
	w.int("second_repl_offset", -1)
	w.int("repl_backlog_active", 0)
	w.int("repl_backlog_size", 0)
	w.int("repl_backlog_first_byte_offset", 0)
	w.int("repl_backlog_histlen", 0)
}

func (s *Server) infoCPU(w *infoWriter) {
	p := s.process()
	w.fixed("used_cpu_sys", p.SystemCPU, 6)
	w.fixed("used_cpu_user", p.UserCPU, 6)
	w.fixed("used_cpu_sys_children", p.ChildSystem, 6)
	w.fixed("used_cpu_user_children", p.ChildUser, 6)
	// The loop has no thread of its own, so there is nothing to say about the main one.
}

func (s *Server) infoCommandstats(w *infoWriter) {
	s.table.each(func(c *Command) {
		st := &c.stats
		if st.Calls == 0 && st.Rejected == 0 && st.Failed == 0 {
			return
		}
		micros, each := st.Nanos/1000, 0.0
		if st.Calls > 0 {
			each = float64(st.Nanos) / 1000 / float64(st.Calls)
		}
		w.text("cmdstat_"+c.full, fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			st.Calls, micros, each, st.Rejected, st.Failed))
	})
}

func (s *Server) infoErrorstats(w *infoWriter) {
	var codes []string
	for code := range s.errorStats {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range codes {
		w.text("errorstat_"+code, fmt.Sprintf("count=%d", s.errorStats[code]))
	}
}

func (s *Server) infoLatencystats(w *infoWriter) {
	if !s.Config.LatencyTracking {
		return
	}
	s.table.each(func(c *Command) {
		h := &c.stats.times
		if h.total == 0 {
			return
		}
		var parts []string
		for _, p := range s.Config.LatencyTrackingInfoPercentiles {
			parts = append(parts, fmt.Sprintf("p%s=%.3f", config.FormatPercentile(p), float64(h.percentile(p))/1000))
		}
		w.text("latency_percentiles_usec_"+c.full, strings.Join(parts, ","))
	})
}

func (s *Server) infoKeyspace(w *infoWriter) {
	for _, db := range s.Store.DBs {
		if db.Len() > 0 {
			ttl, _ := db.SampleTTL()
			w.text(fmt.Sprintf("db%d", db.ID), fmt.Sprintf("keys=%d,expires=%d,avg_ttl=%d", db.Len(), db.Expires(), ttl))
		}
	}
}

// stalePercent estimates how many of the keys with an expiry are over time and still there.
func (s *Server) stalePercent() float64 {
	stale, all := 0.0, 0
	for _, db := range s.Store.DBs {
		_, share := db.SampleTTL()
		stale += share * float64(db.Expires())
		all += db.Expires()
	}
	return stale * 100 / float64(max(all, 1))
}
