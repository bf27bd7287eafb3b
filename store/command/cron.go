package command

import (
	"time"
)

// Tick does the periodic work and returns the time until it wants to be called again.
func (s *Server) Tick() time.Duration {
	if s.cron.stopEarly != nil {
		s.cron.stopEarly()
		s.cron.stopEarly = nil
	}
	return s.tick()
}

// wake goes on with ticks at the usual pace when something happens after a rest: what a command leaves to them, a key that
// expires before the rest would have ended, say, does not wait for that end.
func (s *Server) wake() {
	s.cron.resting = false
	s.tickEarly(s.tickPace())
}

// tickEarly ticks until Tick, which was due when the rest would have ended, is called, or there is another rest.
func (s *Server) tickEarly(in time.Duration) {
	s.cron.stopEarly = s.env.After(int64(in), func() {
		s.cron.stopEarly = nil
		if next := s.tick(); !s.cron.resting {
			s.tickEarly(next)
		}
	})
}

func (s *Server) tick() time.Duration {
	s.BeginEvent()
	if s.cron.paused || s.busy() {
		s.EndEvent()
		return s.tickInterval()
	}
	s.sampleRates()
	s.sampleMemory()
	if s.cron.expireOn && !s.loading && !s.paused() && s.Store.Expiring() {
		s.pump.add(s.cron.expire)
	}
	if s.Store.Reclaiming() > 0 {
		s.pump.add(s.cron.reclaim)
	}
	s.noteOverMemory()
	if s.overMemory() {
		s.pump.add(s.cron.evict)
	}
	s.checkDefrag()
	s.checkRewrite()
	s.checkSavePoints()
	s.checkClients()
	s.cron.trimLeft = min(trimTickBytes, s.cron.idle.least(s.env.MonoNano(), s.Store.Mem.Idle()))
	if (s.cron.purging || s.cron.trimLeft > 0) && s.trimStep() {
		s.pump.add(s.cron.trim)
	}
	s.spare.trim(s.nowMs)
	s.trimScratch()
	s.EndEvent()
	return s.tickInterval()
}

// tickInterval is hz times a second, but once a second while nothing happens and nothing is left to do: an idle server should
// not be noticed.
func (s *Server) tickInterval() time.Duration {
	idle := s.events == s.cron.seenEvents
	s.cron.seenEvents = s.events
	s.cron.resting = idle && len(s.pump.tasks) == 0 && !s.cron.trimMore && !s.loading && !s.Store.Expiring()
	if s.cron.resting {
		return time.Second
	}
	return s.tickPace()
}

func (s *Server) tickPace() time.Duration { return time.Second / time.Duration(max(s.Config.Hz, 1)) }

const (
	// trimBytes is how much free memory a step gives back to the system (a virtual machine was seen to need 200 microseconds for
	// a call), trimTickBytes between two ticks: what is given back too early has to be asked for again.
	trimBytes     = 64 << 10
	trimTickBytes = 64 << 20
	// idleNanos is how long memory has to be free, at least, before it is given back: one command frees what the next one needs.
	idleNanos = 1e9
)

// leastIdle knows how little memory was free at any time in the last seconds: so much nobody has needed.
type leastIdle struct {
	now, before int64 // in this period, and in the one before
	beganNano   int64
}

// least notes how much is free and returns the least in at least idleNanos.
func (l *leastIdle) least(nano, free int64) int64 {
	if nano-l.beganNano >= idleNanos {
		l.before, l.now, l.beganNano = l.now, free, nano
	}
	l.now = min(l.now, free)
	return min(l.now, l.before)
}

// lower follows memory that has been given back.
func (l *leastIdle) lower(bytes int64) {
	l.now -= bytes
	l.before -= bytes
}

// trimStep gives free memory back to the system.
func (s *Server) trimStep() bool {
	c := &s.cron
	trim := s.Store.Mem.Trim
	if c.purging {
		trim = s.Store.Mem.Purge
	}
	n, more := trim(trimBytes)
	c.trimLeft -= n
	c.idle.lower(n)
	c.trimMore = more
	c.purging = c.purging && more
	return more && (c.purging || c.trimLeft > 0)
}

// cron is the state of the periodic work.
type cron struct {
	seenEvents int64  // Server.events at the last tick
	resting    bool   // the next tick is a second away
	stopEarly  func() // cancels the ticks that do not wait for it; nil: there are none
	expireOn   bool   // DEBUG SET-ACTIVE-EXPIRE
	paused     bool   // DEBUG PAUSE-CRON
	expire     *task
	reclaim    *task
	evict      *task
	defrag     *task
	trim       *task
	trimLeft   int64 // bytes of memory that may be given back before the next tick
	trimMore   bool  // there was more at the last step
	idle       leastIdle
	purging    bool // MEMORY PURGE: no slack is kept

	opsRate, inRate, outRate rate
	overNanos                int64 // for so long memory was above its limit
	overSince                int64 // monotonic; 0: memory is not above the limit
	clientsNano              int64 // monotonic; when clients were looked at last
}

func (s *Server) initCron() {
	s.pump.s = s
	s.cron.expireOn = true
	s.cron.expire = &task{name: "active expiry", event: "expire-cycle", step: s.expireStep}
	s.cron.reclaim = &task{name: "reclaim", event: "lazyfree-cycle", step: func() bool { return s.Store.Reclaim(24) }}
	s.cron.evict = &task{name: "eviction", event: "eviction-cycle", step: s.evictStep}
	s.cron.defrag = &task{name: "defragmentation", event: "active-defrag-cycle", step: s.defragStep}
	s.cron.trim = &task{name: "return of memory", event: "memory-trim-cycle", step: s.trimStep}
}

// expireStep removes the expired keys of one part of each database, and expired fields of one hash.
func (s *Server) expireStep() bool {
	_, done := s.Store.ExpireStep()
	if s.expireFields() {
		done = false
	}
	return !done && s.cron.expireOn
}

// rate is a moving rate per second over the last sixteen samples, as in INFO instantaneous_*.
type rate struct {
	samples [16]float64
	next    int
	last    int64
	lastMs  int64
}

func (r *rate) sample(value, nowMs int64) {
	if r.lastMs != 0 && nowMs > r.lastMs {
		r.samples[r.next] = float64(value-r.last) * 1000 / float64(nowMs-r.lastMs)
		r.next = (r.next + 1) % len(r.samples)
	}
	r.last, r.lastMs = value, nowMs
}

// perSecond is the mean of the samples.
func (r *rate) perSecond() float64 {
	sum := 0.0
	for _, v := range r.samples {
		sum += v
	}
	return sum / float64(len(r.samples))
}

func (s *Server) sampleRates() {
	s.cron.opsRate.sample(s.stats.Commands, s.nowMs)
	s.cron.inRate.sample(s.stats.NetIn, s.nowMs)
	s.cron.outRate.sample(s.stats.NetOut, s.nowMs)
}
