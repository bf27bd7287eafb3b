package command

import (
	"spindle/resp"
	"spindle/store/config"
)

// What commands cost: statistics per command and per error, the slow log, latency events.

// CallStats are the numbers of INFO commandstats and latencystats.
type CallStats struct {
	Calls, Rejected, Failed int64
	Nanos                   int64
	times                   histogram
}

// add counts calls that took nanos together.
func (st *CallStats) add(calls, nanos int64, track bool) {
	st.Calls += calls
	st.Nanos += nanos
	if track {
		st.times.add(nanos/calls, calls)
	}
}

// timer accounts the time commands take. Cheap commands in a row are timed together: their sum is exact and the clock
// is read once for all of them.
type timer struct {
	s     *Server
	at    int64
	cmd   *Command
	calls int64
}

// timedTogether is the reply size up to which a Fast command counts as cheap.
const timedTogether = 4096

func (t *timer) note(c *Client, cmd *Command, args [][]byte, replyBytes int) {
	if cmd == nil {
		return
	}
	if cmd != t.cmd && t.cmd != nil {
		t.stop(c)
	}
	t.cmd = cmd
	t.calls++
	if cmd.Flags&Fast == 0 || replyBytes > timedTogether || t.s.timing.precise {
		t.single(c, args)
	}
}

// stop accounts the calls noted so far.
func (t *timer) stop(c *Client) {
	if t.cmd == nil {
		return
	}
	now := t.s.env.MonoNano()
	t.s.clock.nano = now
	t.cmd.stats.add(t.calls, now-t.at, t.s.timing.track)
	t.at, t.cmd, t.calls = now, nil, 0
}

// single accounts one call and sees whether it was slow.
func (t *timer) single(c *Client, args [][]byte) {
	before, cmd := t.at, t.cmd
	t.stop(c)
	t.s.noteDuration(c, cmd, args, t.at-before)
}

// timing is what the configuration says about measuring.
type timing struct {
	precise    bool  // each command is timed for itself
	track      bool  // histograms are kept
	slowNanos  int64 // from here on a command belongs into the slow log; negative: none does
	spikeNanos int64 // from here on it is a latency event; 0: none is
}

// preciseNanos is the threshold below which commands that are cheap have to be timed one by one to be caught.
const preciseNanos = 1e6

func (s *Server) timingChanged() error {
	t := &s.timing
	t.track = s.Config.LatencyTracking
	t.slowNanos = int64(s.Config.SlowlogLogSlowerThan) * 1000
	if s.Config.SlowlogMaxLen == 0 {
		t.slowNanos = -1
	}
	t.spikeNanos = int64(s.Config.LatencyMonitorThreshold) * 1e6
	t.precise = t.slowNanos >= 0 && t.slowNanos < preciseNanos || t.spikeNanos > 0
	return nil
}

// noteDuration enters a command that took long.
func (s *Server) noteDuration(c *Client, cmd *Command, args [][]byte, nanos int64) {
	if t := &s.timing; t.slowNanos >= 0 && nanos >= t.slowNanos && cmd.Flags&SkipSlowlog == 0 {
		s.slowlog.add(s, c, cmd, args, nanos)
	}
	if cmd.Flags&Fast != 0 {
		s.noteLatency("fast-command", nanos)
	} else {
		s.noteLatency("command", nanos)
	}
}

// errorKindsMax bounds the kinds of errors that are counted apart: scripts can make up any number.
const errorKindsMax = 128

// countError counts an error reply, by its first word.
func (s *Server) countError(err error) {
	s.stats.Errors++
	code := "ERR"
	switch e := err.(type) {
	case resp.Error:
		code = e.Code()
	case *resp.ProtocolError:
		code = e.Text.Code()
	}
	if _, known := s.errorStats[code]; known || len(s.errorStats) < errorKindsMax {
		s.errorStats[code]++
	}
}

// resetStats sets back what CONFIG RESETSTAT is about.
func (s *Server) resetStats() {
	s.stats = Stats{Changes: s.stats.Changes, EventsBefore: s.events}
	clear(s.errorStats)
	s.table.each(func(c *Command) { c.stats = CallStats{} })
	s.Store.Hits, s.Store.Misses, s.Store.ExpiredKeys = 0, 0, 0
	s.cron.opsRate, s.cron.inRate, s.cron.outRate = rate{}, rate{}, rate{}
	s.cron.overNanos, s.cron.expire.cut = 0, 0
	s.spare.made, s.spare.freed = 0, 0
	s.pump.maxNanos, s.pump.maxCPU = 0, 0
}

// watchAccounting follows the directives that concern accounting.
func (s *Server) watchAccounting(cfg *config.Config) {
	for _, name := range []string{"latency-tracking", "latency-monitor-threshold", "slowlog-log-slower-than", "slowlog-max-len"} {
		cfg.OnChange(name, s.timingChanged)
	}
	_ = s.timingChanged()
}
