package command

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"spindle/resp"
	"spindle/store/config"
)

// INFO: sections of "name:value" lines. Fields are Redis's, in its order; what cannot be anything else here (replicas, forks)
// is zero because it is.

var infoCommands = []*Command{
	{Name: "info", Arity: -1, Flags: Loading | Stale, Group: "server", Since: "1.0.0", Categories: CatDangerous, Complexity: "O(1)", Tips: []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"}, History: []Change{{"7.0.0", "Added support for taking multiple section arguments."}}, Syntax: "[section...]", Summary: "Get information and statistics about the server", Run: infoCommand},
}

// infoSection is one part of INFO. Those that are not usual come only when asked for, by name or with "all".
type infoSection struct {
	name  string
	usual bool
	write func(s *Server, w *infoWriter)
}

var infoSections = []infoSection{
	{"Server", true, (*Server).infoServer},
	{"Clients", true, (*Server).infoClients},
	{"Memory", true, (*Server).infoMemory},
	{"Persistence", true, (*Server).infoPersistence},
	{"Stats", true, (*Server).infoStats},
	{"Replication", true, (*Server).infoReplication},
	{"CPU", true, (*Server).infoCPU},
	{"Modules", true, func(*Server, *infoWriter) {}},
	{"Commandstats", false, (*Server).infoCommandstats},
	{"Errorstats", true, (*Server).infoErrorstats},
	{"Latencystats", false, func(*Server, *infoWriter) {}},
	{"Cluster", true, func(_ *Server, w *infoWriter) { w.int("cluster_enabled", 0) }},
	{"Keyspace", true, (*Server).infoKeyspace},
}

// infoWriter collects lines.
type infoWriter struct{ b []byte }

func (w *infoWriter) str(name, value string) {
	w.b = append(w.b, name...)
	w.b = append(w.b, ':')
	w.b = append(w.b, value...)
	w.b = append(w.b, "\r\n"...)
}
func (w *infoWriter) int(name string, n int64) { w.str(name, strconv.FormatInt(n, 10)) }
func (w *infoWriter) flag(name string, on bool) {
	if on {
		w.int(name, 1)
		return
	}
	w.int(name, 0)
}
func (w *infoWriter) float(name string, f float64) { w.str(name, fmt.Sprintf("%.2f", f)) }

// bytes writes a size and, beside it, the same for people.
func (w *infoWriter) bytes(name string, n int64) {
	w.int(name, n)
	w.str(name+"_human", humanBytes(n))
}

func humanBytes(n int64) string {
	f := float64(n)
	for _, unit := range []string{"B", "K", "M", "G", "T"} {
		if f < 1024 || unit == "T" {
			if unit == "B" {
				return fmt.Sprintf("%dB", n)
			}
			return fmt.Sprintf("%.2f%s", f, unit)
		}
		f /= 1024
	}
	return ""
}

func infoCommand(c *Ctx) error {
	c.Out.Verbatim("txt", c.S.info(c.Args[1:]))
	return nil
}

// info returns the sections that are named: by themselves, or as default, all or everything.
func (s *Server) info(names [][]byte) string {
	usual, all := len(names) == 0, false
	named := map[string]bool{}
	for _, n := range names {
		switch name := strings.ToLower(string(n)); name {
		case "all", "everything":
			all = true
		case "default":
			usual = true
		default:
			named[name] = true
		}
	}
	w := &infoWriter{}
	for _, sec := range infoSections {
		if all || usual && sec.usual || named[strings.ToLower(sec.name)] {
			if len(w.b) > 0 {
				w.b = append(w.b, "\r\n"...)
			}
			w.b = append(w.b, "# "+sec.name+"\r\n"...)
			sec.write(s, w)
		}
	}
	return string(w.b)
}

func (s *Server) infoServer(w *infoWriter) {
	uptime := (s.nowMs - s.startedMs) / 1000
	w.str("redis_version", RedisVersion)
	w.str("spindle_version", SpindleVersion)
	w.str("redis_git_sha1", "00000000")
	w.int("redis_git_dirty", 0)
	w.str("redis_mode", "standalone")
	w.str("os", osName())
	w.int("arch_bits", strconv.IntSize)
	w.str("monotonic_clock", "Go runtime nanotime")
	w.str("multiplexing_api", multiplexer())
	w.str("go_version", runtime.Version())
	w.int("process_id", int64(os.Getpid()))
	w.str("process_supervised", supervisedBy(s.Config.Supervised))
	w.str("run_id", s.runID)
	w.int("tcp_port", int64(s.Config.Port))
	w.int("server_time_usec", s.env.UnixNano()/1000)
	w.int("uptime_in_seconds", uptime)
	w.int("uptime_in_days", uptime/86400)
	w.int("hz", int64(s.Config.Hz))
	w.int("configured_hz", int64(s.Config.Hz))
	w.int("lru_clock", s.nowMs/1000&(1<<24-1))
	exe, _ := os.Executable()
	w.str("executable", exe)
	w.str("config_file", s.Config.File)
	w.int("io_threads_active", 0)
}

func multiplexer() string {
	if runtime.GOOS == "linux" {
		return "epoll"
	}
	return "kqueue"
}

func osName() string {
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		return "Linux " + strings.TrimSpace(string(b)) + " " + runtime.GOARCH
	}
	return runtime.GOOS + " " + runtime.GOARCH
}

func supervisedBy(mode config.Supervised) string {
	if os.Getenv("NOTIFY_SOCKET") != "" && mode != config.SupervisedNo {
		return "systemd"
	}
	return "no"
}

func (s *Server) infoClients(w *infoWriter) {
	maxIn, maxOut, pubsub := 0, 0, 0
	for _, c := range s.clients {
		maxIn = max(maxIn, c.parser.Buffered())
		if c.conn != nil {
			maxOut = max(maxOut, c.conn.Pending())
		}
		if c.subs != nil {
			pubsub++
		}
	}
	w.int("connected_clients", int64(len(s.clients)))
	w.int("cluster_connections", 0)
	w.int("maxclients", int64(s.Config.Maxclients))
	w.int("client_recent_max_input_buffer", int64(maxIn))
	w.int("client_recent_max_output_buffer", int64(maxOut))
	w.int("blocked_clients", int64(s.blocked.count))
	w.int("tracking_clients", int64(s.tracking.clients))
	w.int("clients_in_timeout_table", int64(s.blocked.count))
}

func (s *Server) infoMemory(w *infoWriter) {
	used, rss := s.usedMemory(), residentBytes()
	data := s.Store.Mem.Used()
	a := s.Store.Mem.Stats()
	if used > s.memory.peak {
		s.memory.peak = used
	}
	w.bytes("used_memory", used)
	w.bytes("used_memory_rss", rss)
	w.bytes("used_memory_peak", s.memory.peak)
	w.str("used_memory_peak_perc", fmt.Sprintf("%.2f%%", float64(used)*100/float64(max(s.memory.peak, 1))))
	w.int("used_memory_overhead", used-data)
	w.int("used_memory_startup", s.memory.startup)
	w.int("used_memory_dataset", data)
	w.str("used_memory_dataset_perc", fmt.Sprintf("%.2f%%", float64(data)*100/float64(max(used-s.memory.startup, 1))))
	w.int("allocator_allocated", a.Used)
	w.int("allocator_active", a.Committed-a.Free)
	w.int("allocator_resident", a.Committed)
	total := systemMemory()
	w.bytes("total_system_memory", total)
	w.bytes("maxmemory", int64(s.Config.Maxmemory))
	w.str("maxmemory_policy", s.Config.MaxmemoryPolicy.String())
	w.float("allocator_frag_ratio", ratio(a.Committed-a.Free, a.Used))
	w.int("allocator_frag_bytes", a.Committed-a.Free-a.Used)
	w.float("allocator_rss_ratio", ratio(a.Committed, a.Committed-a.Free))
	w.int("allocator_rss_bytes", a.Free)
	w.float("mem_fragmentation_ratio", ratio(rss, used))
	w.int("mem_fragmentation_bytes", rss-used)
	w.int("mem_not_counted_for_evict", 0)
	w.int("mem_replication_backlog", 0)
	w.int("mem_clients_slaves", 0)
	clients := int64(0)
	for _, c := range s.clients {
		clients += int64(c.parser.Buffered() + cap(c.Out.Buf))
		if c.conn != nil {
			clients += int64(c.conn.Pending())
		}
	}
	w.int("mem_clients_normal", clients)
	w.int("mem_aof_buffer", s.logBuffer())
	w.str("mem_allocator", "spindle-arena")
	w.flag("active_defrag_running", s.defrag.on)
	w.int("lazyfree_pending_objects", int64(s.Store.Reclaiming()))
	w.int("lazyfreed_objects", s.Store.Reclaimed())
}

func ratio(a, b int64) float64 { return float64(a) / float64(max(b, 1)) }

func (s *Server) logBuffer() int64 {
	if s.Log == nil {
		return 0
	}
	return s.Log.Status().BufferBytes
}

// residentBytes is the process's resident memory, where the system tells; else what Go and the arena took from it.
func residentBytes() int64 {
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		if f := strings.Fields(string(b)); len(f) > 1 {
			pages, _ := strconv.ParseInt(f[1], 10, 64)
			return pages * int64(os.Getpagesize())
		}
	}
	return 0
}

// systemMemory is the machine's memory, 0 where the system does not tell.
func systemMemory() int64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	kb, _ := strconv.ParseInt(f[1], 10, 64)
	return kb << 10
}

func (s *Server) infoPersistence(w *infoWriter) {
	w.flag("loading", s.loading)
	w.int("async_loading", 0)
	w.int("current_cow_peak", 0)
	w.int("current_cow_size", 0)
	w.int("rdb_changes_since_last_save", s.stats.Changes)
	w.int("rdb_bgsave_in_progress", 0)
	w.int("rdb_last_save_time", s.savedMs/1000)
	w.str("rdb_last_bgsave_status", "ok")
	w.int("rdb_last_bgsave_time_sec", -1)
	w.int("rdb_current_bgsave_time_sec", -1)
	w.int("rdb_saves", 0)
	w.int("rdb_last_cow_size", 0)
	w.flag("aof_enabled", s.Log != nil)
	if s.Log == nil {
		w.int("aof_rewrite_in_progress", 0)
		w.int("aof_rewrite_scheduled", 0)
		w.int("aof_last_rewrite_time_sec", -1)
		w.int("aof_current_rewrite_time_sec", -1)
		w.str("aof_last_bgrewrite_status", "ok")
		w.int("aof_rewrites", 0)
		w.int("aof_rewrites_consecutive_failures", 0)
		w.str("aof_last_write_status", "ok")
		w.int("aof_last_cow_size", 0)
	} else {
		s.infoLog(w)
	}
	w.int("module_fork_in_progress", 0)
	w.int("module_fork_last_cow_size", 0)
	if s.loading {
		w.int("loading_start_time", s.startedMs/1000)
		w.int("loading_total_bytes", s.loaded.total)
		w.int("loading_loaded_bytes", s.loaded.bytes)
		w.float("loading_loaded_perc", ratio(s.loaded.bytes*100, s.loaded.total))
	}
}

func (s *Server) infoLog(w *infoWriter) {
	st := s.Log.Status()
	okErr := func(ok bool) string {
		if ok {
			return "ok"
		}
		return "err"
	}
	w.flag("aof_rewrite_in_progress", st.RewriteInProgress)
	w.flag("aof_rewrite_scheduled", s.rewriteScheduled || s.rewriteAgain)
	w.int("aof_last_rewrite_time_sec", st.LastRewriteSec)
	w.int("aof_current_rewrite_time_sec", st.CurrentRewriteSec)
	w.str("aof_last_bgrewrite_status", okErr(st.LastRewriteOK))
	w.int("aof_rewrites", st.Rewrites)
	w.int("aof_rewrites_consecutive_failures", st.ConsecutiveFailures)
	w.str("aof_last_write_status", okErr(st.LastWriteOK))
	w.int("aof_last_cow_size", 0)
	w.int("aof_current_size", st.CurrentSize)
	w.int("aof_base_size", st.BaseSize)
	w.flag("aof_pending_rewrite", st.WaitRewrite)
	w.int("aof_buffer_length", st.BufferBytes)
	w.int("aof_pending_bio_fsync", st.PendingSyncs)
	w.int("aof_delayed_fsync", st.DelayedSyncs)
	w.int("aof_writer_stalls", st.Stalls)
}

func (s *Server) infoStats(w *infoWriter) {
	st := &s.stats
	w.int("total_connections_received", st.Connections)
	w.int("total_commands_processed", st.Commands)
	w.int("instantaneous_ops_per_sec", int64(s.cron.opsRate.perSecond()))
	w.int("total_net_input_bytes", st.NetIn)
	w.int("total_net_output_bytes", st.NetOut)
	w.float("instantaneous_input_kbps", s.cron.inRate.perSecond()/1024)
	w.float("instantaneous_output_kbps", s.cron.outRate.perSecond()/1024)
	w.int("rejected_connections", st.Rejected)
	w.int("sync_full", 0)
	w.int("sync_partial_ok", 0)
	w.int("sync_partial_err", 0)
	w.int("expired_keys", s.Store.ExpiredKeys)
	w.float("expired_stale_perc", 0)
	w.int("evicted_keys", st.Evicted)
	w.int("evicted_clients", 0)
	w.int("keyspace_hits", s.Store.Hits)
	w.int("keyspace_misses", s.Store.Misses)
	w.int("pubsub_channels", int64(len(s.pubsub.channels[0])))
	w.int("pubsub_patterns", int64(len(s.pubsub.patterns)))
	w.int("latest_fork_usec", 0)
	w.int("total_forks", 0)
	w.int("migrate_cached_sockets", 0)
	w.int("slave_expires_tracked_keys", 0)
	w.int("tracking_total_keys", s.trackedKeys())
	w.int("tracking_total_prefixes", int64(len(s.tracking.prefixes)))
	w.int("unexpected_error_replies", 0)
	w.int("total_error_replies", st.Errors)
	w.int("total_reads_processed", s.events)
	w.int("background_slice_max_usec", s.pump.maxNanos/1000)
}

func (s *Server) trackedKeys() int64 {
	if s.tracking.table == nil {
		return 0
	}
	return int64(s.tracking.table.Len())
}

func (s *Server) infoReplication(w *infoWriter) {
	w.str("role", "master")
	w.int("connected_slaves", 0)
	w.str("master_failover_state", "no-failover")
	w.str("master_replid", s.runID)
	w.str("master_replid2", strings.Repeat("0", 40))
	w.int("master_repl_offset", 0)
	w.int("second_repl_offset", -1)
	w.int("repl_backlog_active", 0)
	w.int("repl_backlog_size", 1<<20)
	w.int("repl_backlog_first_byte_offset", 0)
	w.int("repl_backlog_histlen", 0)
}

func (s *Server) infoCPU(w *infoWriter) {
	sys, user := cpuTimes()
	w.str("used_cpu_sys", fmt.Sprintf("%.6f", sys.Seconds()))
	w.str("used_cpu_user", fmt.Sprintf("%.6f", user.Seconds()))
	w.str("used_cpu_sys_children", "0.000000")
	w.str("used_cpu_user_children", "0.000000")
	w.str("used_cpu_sys_main_thread", fmt.Sprintf("%.6f", sys.Seconds()))
	w.str("used_cpu_user_main_thread", fmt.Sprintf("%.6f", user.Seconds()))
}

func (s *Server) infoCommandstats(w *infoWriter) {
	s.table.each(func(c *Command) {
		st := &c.stats
		if st.Calls == 0 && st.Rejected == 0 && st.Failed == 0 {
			return
		}
		usec := float64(st.Nanos) / 1000
		w.str("cmdstat_"+c.full, fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			st.Calls, int64(usec), usec/float64(max(st.Calls, 1)), st.Rejected, st.Failed))
	})
}

func (s *Server) infoErrorstats(w *infoWriter) {
	for _, e := range s.errors {
		w.str("errorstat_"+e.code, fmt.Sprintf("count=%d", e.count))
	}
}

func (s *Server) infoKeyspace(w *infoWriter) {
	for _, db := range s.Store.DBs {
		if db.Len() > 0 {
			w.str(fmt.Sprintf("db%d", db.ID), fmt.Sprintf("keys=%d,expires=%d,avg_ttl=%d", db.Len(), db.Expires(), db.MeanTTL()))
		}
	}
}

// errorCount counts the errors of one code, for INFO errorstats.
type errorCount struct {
	code  string
	count int64
}

// errorCodesMax bounds the list: a code may come from a script.
const errorCodesMax = 128

// countError notes an error reply.
func (s *Server) countError(err error) {
	s.stats.Errors++
	code := "ERR"
	if e, ok := err.(resp.Error); ok {
		code = e.Code()
	}
	for i := range s.errors {
		if s.errors[i].code == code {
			s.errors[i].count++
			return
		}
	}
	if len(s.errors) < errorCodesMax {
		s.errors = append(s.errors, errorCount{code, 1})
	}
}
