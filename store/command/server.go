package command

import (
	"fmt"
	"math/rand/v2"
	"time"

	"spindle/aof"
	"spindle/store"
	"spindle/store/config"
)

// Server executes commands. All of its methods run on one goroutine, the loop's,
// unless they say otherwise.
type Server struct {
	Config *config.Config
	Store  *store.Store
	Log    *aof.Log // nil while appendonly is off

	env     Env
	table   *table
	clients map[int64]*Client
	nextID  int64
	gates   gate // conditions of the server that commands have to be checked against
	hooks   hook // who wants to hear of changed keys

	watched  watches
	pubsub   pubsub
	blocked  blocked
	monitors []*Client
	tracking tracking
	access   access

	gateReplies bool      // appendfsync always: replies wait for the log
	holding     []*Client // clients with held replies

	loading          bool
	loaded           struct{ bytes, total, startMs int64 }
	loadedRDB        loadedRDB
	rewrite          *walk
	rewriteAgain     bool  // the running rewrite was overtaken by a flush
	rewriteScheduled bool  // BGREWRITEAOF came while another walk ran
	rewriteTriedMs   int64 // last automatic attempt after a failure

	pause  pause
	pump   pump
	cron   cron
	memory memoryUse
	defrag defragWalk
	events int64 // read events, for the pump to see whether the loop is busy

	clock       clock
	nowMs       int64 // of the current event
	unit        *unit // the effects of the running top-level command
	scripts     scripts
	functions   functions
	scratch     []byte    // reply buffer that clients use while they run
	scratchUsed int       // the longest large reply since trimScratch
	dirty       []*Client // clients with replies to send at the end of the event
	running     *Client   // whose commands are being executed, or nil
	spared      []byte    // what was pushed to it during one whose reply it does not want
	otherUnit   *unit     // takes unit's place while a script stands still

	pushes       []*Client // clients with nothing but messages to send
	pushesPosted bool      // a turn to send them will come
	pushesNext   int64     // not before then, in monotonic nanoseconds
	spare        spareBuffers
	stats        Stats

	errorStats map[string]int64 // by the error's first word
	timing     timing
	slowlog    slowlog
	latency    map[string]*latencyEvent

	runID, replID string // 40 hexadecimal digits
	startedMs     int64  // Unix milliseconds
	savedMs       int64  // when a dump was last written, or the server started
	saving        saving

	// What DEBUG changes.
	scriptsMayAll bool          // scripts may call what is not for them
	skipChecksum  bool          // of RDB files and payloads
	logDelay      time.Duration // the log's writer sleeps so long before it writes
	leaked        [][]byte

	attackLoggedMs int64 // last log line about commands in an HTTP request
}

// Env is what the server needs of the world outside.
type Env struct {
	UnixNano func() int64 // wall clock
	MonoNano func() int64 // monotonic clock, for durations
	// CPUTime calls f and returns how many nanoseconds of processor time it took.
	CPUTime func(f func()) int64
	Rand    *rand.Rand
	// Post runs f on the loop soon. It may be called from any goroutine.
	Post func(f func())
	// After runs f on the loop once d nanoseconds have passed; the returned function cancels it.
	After func(nanos int64, f func()) (stop func())
	// Logf writes a line to the server's log.
	Logf func(level aof.Level, format string, args ...any)
	// Raw writes text to the server's log as it is. It, Print, Abort and Restart may be nil.
	Raw func(text string)
	// Print writes to standard output.
	Print func(text string)
	// Stop asks the process to end.
	Stop func()
	// Abort ends the process at once, as after a crash.
	Abort func()
	// Restart has a fresh process of the same program take this one's place; it begins after the delay. It returns only if
	// that fails.
	Restart func(delay time.Duration) error
	// Process describes the process for INFO; it may be nil.
	Process func() ProcessInfo
}

// ProcessInfo is what INFO tells about the process and its machine. Sizes are in bytes, times in seconds.
type ProcessInfo struct {
	PID                    int
	RSS, TotalMemory       int64
	UserCPU, SystemCPU     float64
	ChildUser, ChildSystem float64
	OS, Executable         string
	Supervised             string // by whom: systemd, upstart or no
}

// Stats are counters of INFO stats that have no other home.
type Stats struct {
	Commands, Connections, Rejected int64
	NetIn, NetOut                   int64
	Evicted                         int64
	Errors                          int64
	Panics                          int64
	Changes                         int64 // since a dump was last written
	Writes                          int64 // to sockets
	EvictedClients                  int64
	EventsBefore                    int64 // Server.events when the counters were reset
	KeysMoved, KeysLeft             int64 // by defragmentation
	Sanitized                       int64 // payloads of RESTORE that were looked through
}

// New returns a server over an empty store. CheckConfig must have found nothing wrong with cfg.
func New(cfg *config.Config, env Env) *Server {
	s := &Server{Config: cfg, env: env, clients: map[int64]*Client{}}
	s.table, _ = newTable(cfg.RenameCommands)
	s.errorStats, s.latency = map[string]int64{}, map[string]*latencyEvent{}
	s.nowMs = s.clock.look(&s.env)
	s.runID, s.replID = hexID(env.Rand), hexID(env.Rand)
	s.Store = store.New(store.Options{Databases: cfg.Databases, Seed: env.Rand.Uint64(), Rand: env.Rand, Now: s.nowMs})
	s.Store.Expired = s.keyExpired
	s.startedMs, s.savedMs = s.nowMs, s.nowMs
	s.saving.lastSec = -1
	s.unit = newUnit(s)
	s.scripts.s = s
	s.setGate(gateScript, true)
	s.memory.init()
	s.initCron()
	s.watchConfig()
	s.initAccess()
	return s
}

// hexID returns 40 random hexadecimal digits.
func hexID(r *rand.Rand) string {
	return fmt.Sprintf("%016x%016x%08x", r.Uint64(), r.Uint64(), r.Uint32())
}

// BeginEvent must be called before the server is used for something that happened: input, a tick, a timer.
func (s *Server) BeginEvent() {
	s.setTime(s.clock.look(&s.env))
}

// setTime sets the time that commands see, in Unix milliseconds.
func (s *Server) setTime(ms int64) {
	s.nowMs = ms
	s.Store.SetNow(ms)
}

// EndEvent sends the replies that came up and hands the log what belongs to them.
func (s *Server) EndEvent() {
	for len(s.blocked.ready)+len(s.blocked.served) > 0 {
		s.serveBlocked() // what an expired key made ready: a command does so itself
		s.resumeServed()
	}
	if s.tracking.pending() {
		s.tracking.flush()
	}
	logged := s.endBatch()
	for len(s.dirty) > 0 {
		c := s.dirty[len(s.dirty)-1]
		s.dirty = s.dirty[:len(s.dirty)-1]
		c.flush(logged)
	}
	if len(s.pushes) > 0 {
		s.flushPushes(logged)
	}
}

// endBatch hands the log what belongs to the event and returns the offset that must be durable before its replies are true.
func (s *Server) endBatch() int64 {
	if s.Log == nil {
		return 0
	}
	if s.timing.spikeNanos == 0 {
		return s.Log.EndBatch(s.nowMs)
	}
	start := s.env.MonoNano()
	logged := s.Log.EndBatch(s.nowMs) // waits while the disk is far behind
	s.noteLatency("aof-write", s.env.MonoNano()-start)
	return logged
}

// NowMs is the time of the current event, in Unix milliseconds.
func (s *Server) NowMs() int64 { return s.nowMs }

// watchConfig follows the directives that are more than a value to read.
func (s *Server) watchConfig() {
	cfg := s.Config
	apply := func(name string, f func() error) {
		cfg.OnChange(name, f)
		if err := f(); err != nil {
			s.logf(aof.Warning, "%s: %v", name, err)
		}
	}
	apply("maxmemory", func() error {
		s.setGate(gateMemory, cfg.Maxmemory > 0)
		return nil
	})
	apply("maxmemory-policy", func() error {
		s.Store.Clock().LFU = store.Policy(cfg.MaxmemoryPolicy).LFU()
		return nil
	})
	apply("lfu-log-factor", func() error { s.Store.Clock().LogFactor = cfg.LfuLogFactor; return nil })
	apply("lfu-decay-time", func() error { s.Store.Clock().DecayMins = cfg.LfuDecayTime; return nil })
	apply("notify-keyspace-events", s.notifyChanged)
	s.watchAccounting(cfg)
	cfg.OnChange("appendonly", s.appendonlyChanged)
	for _, name := range []string{"save", "stop-writes-on-bgsave-error"} {
		cfg.OnChange(name, func() error { s.saveGate(); return nil })
	}
	cfg.OnChange("appendfsync", s.appendfsyncChanged)
	for _, name := range []string{"no-appendfsync-on-rewrite", "aof-timestamp-enabled", "aof-use-rdb-preamble", "aof-rewrite-incremental-fsync",
		"aof-disable-auto-gc"} {
		cfg.OnChange(name, s.logOptionChanged)
	}
}
