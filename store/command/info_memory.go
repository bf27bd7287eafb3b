package command

import (
	"strconv"

	"spindle/aof"
	"spindle/store/script"
)

// aofStatusOff is the log's status while there is none.
var aofStatusOff = aof.Status{LastRewriteSec: -1, CurrentRewriteSec: -1, LastRewriteOK: true, LastWriteOK: true}

// memoryReport is where the memory is. Sizes are in bytes.
type memoryReport struct {
	used, peak, startup int64
	arena               int64 // live slots
	indexes             int64 // of the key spaces, part of the arena
	clients             int64
	logBuffer           int64
	overhead            int64 // all that is not data: Go's heap and stacks, indexes
	resident            int64 // of the process
	arenaActive         int64 // resident spans with live slots
	arenaResident       int64
}

func (s *Server) memoryReport() memoryReport {
	st := s.Store.Mem.Stats()
	r := memoryReport{
		used:          s.usedMemory(),
		startup:       s.memory.startup,
		arena:         st.Used,
		arenaActive:   st.Committed - st.Free,
		arenaResident: st.Committed,
		resident:      s.process().RSS,
	}
	s.memory.peak = max(s.memory.peak, r.used)
	r.peak = s.memory.peak
	for _, db := range s.Store.DBs {
		r.indexes += db.IndexBytes()
	}
	for _, c := range s.clients {
		u := c.usage()
		r.clients += u.total()
	}
	if s.Log != nil {
		r.logBuffer = s.Log.Status().BufferBytes
	}
	r.overhead = min(s.memory.goBytes+r.indexes, r.used)
	return r
}

// dataset is the memory that keys and values take.
func (r *memoryReport) dataset() int64 { return r.used - r.overhead }

// datasetPercent is the share of the data in what came after the start.
func (r *memoryReport) datasetPercent() float64 {
	return percent(r.dataset(), r.used-r.startup)
}

func percent(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(float64(part)*100/float64(whole), 100)
}

func ratio(a, b int64) float64 {
	if b <= 0 {
		return 1
	}
	return float64(a) / float64(b)
}

func (s *Server) infoMemory(w *infoWriter) {
	r := s.memoryReport()
	w.size("used_memory", r.used)
	w.size("used_memory_rss", r.resident)
	w.size("used_memory_peak", r.peak)
	w.text("used_memory_peak_perc", percentText(percent(r.used, r.peak)))
	w.int("used_memory_overhead", r.overhead)
	w.int("used_memory_startup", r.startup)
	w.int("used_memory_dataset", r.dataset())
	w.text("used_memory_dataset_perc", percentText(r.datasetPercent()))
	w.int("allocator_allocated", r.arena)
	w.int("allocator_active", r.arenaActive)
	w.int("allocator_resident", r.arenaResident)
	w.size("total_system_memory", s.process().TotalMemory)
	s.infoScripts(w)
	w.size("maxmemory", int64(s.Config.Maxmemory))
	w.text("maxmemory_policy", s.Config.MaxmemoryPolicy.String())
	w.fixed("allocator_frag_ratio", ratio(r.arenaActive, r.arena), 2)
	w.int("allocator_frag_bytes", r.arenaActive-r.arena)
	w.fixed("allocator_rss_ratio", ratio(r.arenaResident, r.arenaActive), 2)
	w.int("allocator_rss_bytes", r.arenaResident-r.arenaActive)
	w.fixed("rss_overhead_ratio", ratio(r.resident, r.arenaResident), 2)
	w.int("rss_overhead_bytes", r.resident-r.arenaResident)
	w.fixed("mem_fragmentation_ratio", ratio(r.resident, r.used), 2)
	w.int("mem_fragmentation_bytes", r.resident-r.used)
	w.int("mem_not_counted_for_evict", r.used-s.countedMemory())
	w.int("mem_replication_backlog", 0)
	w.int("mem_total_replication_buffers", 0)
	w.int("mem_clients_slaves", 0)
	w.int("mem_clients_normal", r.clients)
	w.int("mem_cluster_links", 0)
	w.int("mem_aof_buffer", r.logBuffer)
	w.text("mem_allocator", "spindle-arena")
	w.bool("active_defrag_running", s.defrag.on)
	w.int("lazyfree_pending_objects", int64(s.Store.Reclaiming()))
	w.int("lazyfreed_objects", s.Store.Reclaimed())
}

// infoScripts tells about the memory of scripts. What a machine holds beyond its size when new is in Go's heap and counted there only.
func (s *Server) infoScripts(w *infoWriter) {
	m := &s.scripts
	libraries, functions := s.functions.count()
	eval, called := m.machineBytes(), int64(libraries)*script.MachineBytes
	w.int("used_memory_lua", eval)
	w.int("used_memory_vm_eval", eval)
	w.text("used_memory_lua_human", humanBytes(eval))
	w.int("used_memory_scripts_eval", m.bytes)
	w.int("number_of_cached_scripts", int64(len(m.cache)))
	w.int("number_of_functions", int64(functions))
	w.int("number_of_libraries", int64(libraries))
	w.int("used_memory_vm_functions", called)
	w.size("used_memory_vm_total", eval+called)
	w.int("used_memory_functions", s.functions.bytes)
	w.size("used_memory_scripts", m.bytes+s.functions.bytes)
}

func percentText(p float64) string { return strconv.FormatFloat(p, 'f', 2, 64) + "%" }

// noteOverMemory keeps the time for which memory was above its limit.
func (s *Server) noteOverMemory() {
	c := &s.cron
	switch over := s.overMemory(); {
	case over && c.overSince == 0:
		c.overSince = s.env.MonoNano()
	case !over && c.overSince != 0:
		c.overNanos += s.env.MonoNano() - c.overSince
		c.overSince = 0
	}
}

// timeOverMemory returns for how many nanoseconds memory was above its limit, in all and this time.
func (s *Server) timeOverMemory() (total, current int64) {
	if since := s.cron.overSince; since != 0 {
		current = s.env.MonoNano() - since
	}
	return s.cron.overNanos + current, current
}
