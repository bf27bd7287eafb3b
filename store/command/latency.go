package command

import (
	"fmt"
	"slices"
	"strings"

	"spindle/resp"
)

// LATENCY: events of different kinds that took longer than latency-monitor-threshold. Each kind remembers its worst sample of
// each of the last seconds in which there was one.

var latencyCommands = []*Command{
	{Name: "latency", Arity: -2, Group: "server", Since: "2.8.13", Complexity: "Depends on subcommand.",
		Summary: "A container for latency diagnostics commands",
		Subs: []*Command{
			{Name: "graph", Arity: 3, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.8.13",
				Complexity: "O(1)",
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Syntax:     "event", Summary: "Return a latency graph for the event.", Run: latencyGraphCommand},
			{Name: "doctor", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.8.13",
				Complexity: "O(1)",
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Summary:    "Return a human readable latency analysis report.", Run: latencyDoctorCommand},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "server", Since: "2.8.13", Complexity: "O(1)",
				Summary: "Show helpful text about the different subcommands.", Run: latencyHelpCommand},
			{Name: "reset", Arity: -2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.8.13",
				Complexity: "O(1)", Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				Syntax: "[event...]", Summary: "Reset latency data for one or more events.", Run: latencyResetCommand},
			{Name: "histogram", Arity: -2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "7.0.0",
				Complexity: "O(N) where N is the number of commands with latency information being retrieved.",
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Syntax:     "[command...]",
				Summary:    "Return the cumulative distribution of latencies of a subset of commands or all.",
				Run:        latencyHistogramCommand},
			{Name: "history", Arity: 3, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.8.13",
				Complexity: "O(1)",
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Syntax:     "event", Summary: "Return timestamp-latency samples for the event.",
				Run: latencyHistoryCommand},
			{Name: "latest", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.8.13",
				Complexity: "O(1)",
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Summary:    "Return the latest latency samples for all events.", Run: latencyLatestCommand},
		}},
}

// latencySamples is how many samples a kind of event keeps.
const latencySamples = 160

type latencyEvent struct {
	samples []latencySample // in order of time
	worstMs int64           // of all times
}

type latencySample struct{ unixSeconds, ms int64 }

// noteLatency enters an event that took long.
func (s *Server) noteLatency(event string, nanos int64) {
	if s.timing.spikeNanos == 0 || nanos < s.timing.spikeNanos {
		return
	}
	e := s.latency[event]
	if e == nil {
		e = &latencyEvent{}
		s.latency[event] = e
	}
	e.add(s.nowMs/1000, nanos/1e6)
}

func (e *latencyEvent) add(unixSeconds, ms int64) {
	e.worstMs = max(e.worstMs, ms)
	if last := len(e.samples) - 1; last >= 0 && e.samples[last].unixSeconds == unixSeconds {
		e.samples[last].ms = max(e.samples[last].ms, ms)
		return
	}
	if len(e.samples) == latencySamples {
		e.samples = append(e.samples[:0], e.samples[1:]...)
	}
	e.samples = append(e.samples, latencySample{unixSeconds, ms})
}

// events returns the names of the kinds of events, sorted.
func (s *Server) latencyEvents() []string {
	var names []string
	for name := range s.latency {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func latencyLatestCommand(c *Ctx) error {
	c.Out.Array(len(c.S.latency))
	for _, name := range c.S.latencyEvents() {
		e := c.S.latency[name]
		last := e.samples[len(e.samples)-1]
		c.Out.Array(4)
		c.Out.BulkString(name)
		c.Out.Int(last.unixSeconds)
		c.Out.Int(last.ms)
		c.Out.Int(e.worstMs)
	}
	return nil
}

func latencyHistoryCommand(c *Ctx) error {
	e := c.S.latency[string(c.Args[2])]
	if e == nil {
		c.Out.EmptyArray()
		return nil
	}
	c.Out.Array(len(e.samples))
	for _, sample := range e.samples {
		c.Out.Array(2)
		c.Out.Int(sample.unixSeconds)
		c.Out.Int(sample.ms)
	}
	return nil
}

func latencyResetCommand(c *Ctx) error {
	n := 0
	if len(c.Args) == 2 {
		n = len(c.S.latency)
		clear(c.S.latency)
	}
	for _, name := range c.Args[2:] {
		if c.S.latency[string(name)] != nil {
			delete(c.S.latency, string(name))
			n++
		}
	}
	c.Out.Int(int64(n))
	return nil
}

// latencyHistogramCommand tells the distribution of the times of commands that have been called.
func latencyHistogramCommand(c *Ctx) error {
	d, n := c.Out.ReserveMap(), 0
	reply := func(cmd *Command) {
		if cmd.stats.times.total > 0 {
			cmd.replyHistogram(c.Out)
			n++
		}
	}
	if len(c.Args) == 2 {
		c.S.table.each(reply)
	}
	for _, name := range c.Args[2:] {
		cmd := c.S.table.byFullName(name)
		if cmd == nil {
			continue
		}
		reply(cmd)
		for _, sub := range cmd.Subs {
			reply(sub)
		}
	}
	c.Out.SetLen(d, n)
	return nil
}

func (c *Command) replyHistogram(w *resp.Writer) {
	w.BulkString(c.full)
	w.Map(2)
	w.BulkString("calls")
	w.Int(c.stats.times.total)
	w.BulkString("histogram_usec")
	d, n := w.ReserveMap(), 0
	c.stats.times.cumulative(func(micros, calls int64) {
		w.Int(micros)
		w.Int(calls)
		n++
	})
	w.SetLen(d, n)
}

func latencyGraphCommand(c *Ctx) error {
	name := string(c.Args[2])
	e := c.S.latency[name]
	if e == nil {
		return resp.ErrNoLatencySamples(c.Args[2])
	}
	c.Out.Verbatim("txt", e.graph(name, c.Now()/1000))
	return nil
}

const (
	graphColumns = 80
	graphRows    = 4
	graphMarks   = "_o#" // thirds of a row
)

// graph draws the samples as columns, each with its age below.
func (e *latencyEvent) graph(name string, now int64) string {
	low, high := e.samples[0].ms, e.samples[0].ms
	for _, s := range e.samples {
		low, high = min(low, s.ms), max(high, s.ms)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s - high %d ms, low %d ms (all time high %d ms)\n", name, high, low, e.worstMs)
	b.WriteString(strings.Repeat("-", graphColumns) + "\n")
	for first := 0; first < len(e.samples); first += graphColumns {
		if first > 0 {
			b.WriteByte('\n')
		}
		drawColumns(&b, e.samples[first:min(first+graphColumns, len(e.samples))], low, high, now)
	}
	return b.String()
}

func drawColumns(b *strings.Builder, samples []latencySample, low, high, now int64) {
	const steps = graphRows * len(graphMarks)
	spread := max(high-low, 1)
	for row := range graphRows {
		base := (graphRows - row - 1) * len(graphMarks)
		for _, s := range samples {
			step := min(int((s.ms-low)*int64(steps)/spread), steps-1) - base
			switch {
			case step < 0:
				b.WriteByte(' ')
			case step < len(graphMarks):
				b.WriteByte(graphMarks[step])
			default:
				b.WriteByte('|')
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString(strings.Repeat(" ", len(samples)) + "\n")
	drawAges(b, samples, now)
}

// drawAges writes the ages of the samples from top to bottom.
func drawAges(b *strings.Builder, samples []latencySample, now int64) {
	longest := 0
	ages := make([]string, len(samples))
	for i, s := range samples {
		ages[i] = age(now - s.unixSeconds)
		longest = max(longest, len(ages[i]))
	}
	for i := range longest {
		for _, a := range ages {
			if i < len(a) {
				b.WriteByte(a[i])
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
}

func age(seconds int64) string {
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm", seconds/60)
	case seconds < 86400:
		return fmt.Sprintf("%dh", seconds/3600)
	}
	return fmt.Sprintf("%dd", seconds/86400)
}

func latencyDoctorCommand(c *Ctx) error {
	c.Out.Verbatim("txt", c.S.latencyReport())
	return nil
}

// latencyReport describes the events and says what can be done about them.
func (s *Server) latencyReport() string {
	switch {
	case len(s.latency) == 0 && s.timing.spikeNanos == 0:
		return "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. You may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable it. If we weren't in a deep space mission I'd suggest to take a look at https://redis.io/topics/latency-monitor.\n"
	case len(s.latency) == 0:
		return "Dave, no latency spike was observed during the lifetime of this Redis instance, not in the slightest bit. I honestly think you ought to sit down calmly, take a stress pill, and think things over.\n"
	}
	var b strings.Builder
	b.WriteString("Dave, I have observed latency spikes in this Redis instance. You don't mind talking about it, do you Dave?\n\n")
	for i, name := range s.latencyEvents() {
		st := s.latency[name].stats(s.nowMs / 1000)
		fmt.Fprintf(&b, "%d. %s: %d latency spikes (average %dms, mean deviation %dms, period %.2f sec). Worst all time event %dms.\n",
			i+1, name, st.count, st.mean, st.deviation, st.period, s.latency[name].worstMs)
	}
	advice := s.latencyAdvice()
	if len(advice) == 0 {
		b.WriteString("\nWhile there are latency events logged, I'm not able to suggest any easy fix. Please use the Redis community to get some help, providing this report in your help request.\n")
		return b.String()
	}
	b.WriteString("\nI have a few advices for you:\n\n")
	for _, a := range advice {
		b.WriteString("- " + a + "\n")
	}
	return b.String()
}

// latencyAdvice returns what may help against the kinds of events that occurred.
func (s *Server) latencyAdvice() (advice []string) {
	if s.latency["command"] != nil {
		switch slow := s.timing.slowNanos; {
		case slow < 0:
			advice = append(advice, fmt.Sprintf("There are latency issues with potentially slow commands you are using. Try to enable the Slow Log Redis feature using the command 'CONFIG SET slowlog-log-slower-than %d'. If the Slow log is disabled Redis is not able to log slow commands execution for you.", s.timing.spikeNanos/1000))
		case slow > s.timing.spikeNanos:
			advice = append(advice, fmt.Sprintf("Your current Slow Log configuration only logs events that are slower than your configured latency monitor threshold. Please use 'CONFIG SET slowlog-log-slower-than %d'.", s.timing.spikeNanos/1000))
		}
		advice = append(advice, "Check your Slow Log to understand what are the commands you are running which are too slow to execute. Please check https://redis.io/commands/slowlog for more information.")
	}
	return advice
}

type latencyStats struct {
	count, mean, deviation int64
	period                 float64 // seconds from one spike to the next
}

func (e *latencyEvent) stats(now int64) latencyStats {
	st := latencyStats{count: int64(len(e.samples))}
	for _, s := range e.samples {
		st.mean += s.ms
	}
	st.mean /= st.count
	for _, s := range e.samples {
		st.deviation += max(s.ms-st.mean, st.mean-s.ms)
	}
	st.deviation /= st.count
	st.period = max(float64((now-e.samples[0].unixSeconds)/st.count), 1)
	return st
}

func latencyHelpCommand(c *Ctx) error { return c.help(latencyHelp) }
