package command

import (
	"errors"
	"iter"

	"spindle/aof"
	"spindle/resp"
)

// What happens while a script takes long. There is one goroutine, the loop's, that touches the data, and a script runs to its
// end before anything else does. But after busy-reply-threshold milliseconds others must hear that the server is busy, and somebody must be
// able to say SCRIPT KILL.
//
// So commands that run scripts (EVAL, FCALL, an EXEC with one of them) run in a lane: a coroutine of the loop's
// goroutine. Going there and back costs a fraction of a microsecond, and never do both run at once, so nothing needs a lock. A
// script that is over its time goes back to the loop in the middle: its command then stands still as a scriptJob, with its unit of
// effects and its clock, until the loop, having served everybody once, lets it go on for another tick.
//
// Meanwhile the server is as the script left it, half-way. Commands other than the few of flag AllowBusy are refused (gateBusy), and
// background work that changes data or looks at it as a whole rests.

// lane is the coroutine. It is made once and used for one job after another.
type lane struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
	work  func()
	done  bool // work has come to its end
}

// enter runs work, or what is left of it, until it ends or pauses, and reports whether it has ended.
func (l *lane) enter() bool {
	if l.next == nil {
		l.next, _ = iter.Pull(func(yield func(struct{}) bool) {
			l.yield = yield
			for {
				l.work()
				l.done = true
				if !yield(struct{}{}) {
					return
				}
			}
		})
	}
	l.done = false
	l.next()
	return l.done
}

// pause goes back to the loop from inside work.
func (l *lane) pause() { l.yield(struct{}{}) }

// scriptJob is a command in the lane.
type scriptJob struct {
	c     *Client
	cmd   *Command
	args  [][]byte
	on    gate
	start int // of the reply, in the client's buffer
	panic any

	// While it stands still:
	reply       []byte // what there is of it
	quiet       bool   // the client does not want the reply
	unit        *unit
	nowMs       int64
	startedNano int64
	held        bool
}

// callInLane is call for commands that may run scripts. It returns nil if the command stands still.
func (s *Server) callInLane(c *Client, cmd *Command, args [][]byte, on gate) *Command {
	if c.flagsOf(cmd, args)&RunsScripts == 0 || s.scripts.job != nil {
		s.call(c, cmd, args)
		s.afterCall(c, cmd, args, on)
		return cmd
	}
	m := &s.scripts
	j := &m.spare
	*j = scriptJob{c: c, cmd: cmd, args: args, on: on, start: len(c.Out.Buf), startedNano: s.env.MonoNano()}
	m.job = j
	if m.lane.work == nil {
		m.lane.work = m.doJob
	}
	if !m.lane.enter() {
		s.suspend(j)
		return nil
	}
	m.job = nil
	if j.panic != nil {
		panic(j.panic) // runSafely deals with it
	}
	s.afterCall(c, cmd, args, on)
	return cmd
}

// doJob runs in the lane.
func (m *scripts) doJob() {
	j := m.job
	defer func() {
		if p := recover(); p != nil {
			m.s.logStack()
			j.panic = p
		}
	}()
	m.s.call(j.c, j.cmd, j.args)
}

// busy reports whether a script stands still half-way.
func (s *Server) busy() bool { return s.gates&gateBusy != 0 }

// suspend puts a job aside so that others can be served. Its arguments are borrowed, so it gets its own.
func (s *Server) suspend(j *scriptJob) {
	c := j.c
	if s.gates&gateBusy == 0 {
		s.setGate(gateBusy, true)
		j.args = copyArgs(j.args)
		s.unit.ctx.Args = j.args
		s.scripts.run.command = copyArgs(s.scripts.run.command)
		c.flags |= waitScript
		j.quiet = c.flags&(replyOff|replySkip) != 0
		if c.conn != nil {
			c.conn.Hold()
			j.held = true
		}
	}
	j.reply = append(j.reply[:0], c.Out.Buf[j.start:]...)
	c.Out.Buf = c.Out.Buf[:j.start]
	j.nowMs = s.nowMs
	j.unit, s.unit = s.unit, s.spareUnit()
	s.env.Post(s.continueScript)
}

// spareUnit is the unit of what runs while a job stands still.
func (s *Server) spareUnit() *unit {
	if s.otherUnit == nil {
		s.otherUnit = newUnit(s)
	}
	return s.otherUnit
}

// continueScript lets the job go on. It runs on the loop, between events.
func (s *Server) continueScript() {
	j := s.scripts.job
	c := j.c
	s.BeginEvent()
	c.borrowOutput()
	j.start = len(c.Out.Buf)
	c.Out.Buf = append(c.Out.Buf, j.reply...)
	s.unit = j.unit
	s.setTime(j.nowMs) // to the script no time passes
	if !s.scripts.lane.enter() {
		s.suspend(j)
		s.BeginEvent()
		s.EndEvent()
		return
	}
	s.BeginEvent()
	s.finishJob(j)
	c.run()
	if c.conn != nil {
		c.parser.Save()
		c.bound()
	}
	s.EndEvent()
	s.pump.schedule()
}

// finishJob does for a command that stood still what is left to do.
func (s *Server) finishJob(j *scriptJob) {
	c := j.c
	s.scripts.job = nil
	s.setGate(gateBusy, false)
	c.flags &^= waitScript
	if j.held && c.conn != nil {
		c.conn.Release()
	}
	if j.panic != nil {
		s.panicked(c, j.panic, j.start)
	}
	s.afterCall(c, j.cmd, j.args, j.on)
	if j.quiet {
		c.Out.Buf = c.Out.Buf[:j.start]
	}
	if c.conn == nil {
		// It left while its command stood still, and what EXEC had queued behind the script came after that.
		s.leave(c)
	}
	nanos := s.env.MonoNano() - j.startedNano
	j.cmd.stats.add(1, nanos, s.timing.track)
	s.noteDuration(c, j.cmd, j.args, nanos)
}

// errScriptKilled is the error of a function, too.
var errScriptKilled = errors.New("Script killed by user with SCRIPT KILL...")

// Tick is the script's chance to be interrupted.
func (h scriptHost) Tick() error {
	s := h.s
	m := &s.scripts
	r, j := m.run, m.job
	if r == nil || j == nil {
		return nil // a library that is being loaded, or the log replayed
	}
	threshold := int64(s.Config.BusyReplyThreshold)
	took := (s.env.MonoNano() - r.startedNano) / 1e6
	if threshold <= 0 || took < threshold {
		return nil
	}
	if !r.slow {
		r.slow = true
		s.logf(aof.Warning, "Slow script detected: still in execution after %d milliseconds. You can try killing the script using the %s command. Script name is: %s.",
			took, r.killCommand(), r.name)
	}
	m.lane.pause()
	if !r.killed {
		return nil
	}
	s.logf(aof.Notice, "Lua script killed by user with %s.", r.killCommand())
	return errScriptKilled
}

func (r *scriptRun) killCommand() string {
	if r.eval {
		return "SCRIPT KILL"
	}
	return "FUNCTION KILL"
}

// killScript ends the script that is running too long, unless it has written. eval says whether SCRIPT KILL asks or FUNCTION KILL: each
// ends only its own kind.
func (s *Server) killScript(eval bool) error {
	r := s.scripts.run
	switch {
	case r == nil:
		return resp.ErrNotBusy
	case r.dirty:
		return resp.ErrUnkillable
	case eval != r.eval:
		return s.busyError()
	}
	r.killed = true
	return nil
}

// busyError tells what can be done about the running script.
func (s *Server) busyError() error {
	if r := s.scripts.run; r != nil && !r.eval {
		return resp.ErrBusyFunction
	}
	return resp.ErrBusyScript
}

// checkBusy refuses what has to wait for the script.
func (s *Server) checkBusy(c *Client, cmd *Command, args [][]byte) error {
	if cmd.Flags&AllowBusy != 0 {
		return nil
	}
	return s.busyError()
}
