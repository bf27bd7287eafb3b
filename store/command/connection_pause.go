package command

import (
	"errors"
	"slices"

	"spindle/resp"
)

// CLIENT PAUSE: for a while commands, or only those that write, are not refused but wait. The
// server has a gate up meanwhile; a client that comes to it with such a command keeps the command and stops.

// pause is the state of CLIENT PAUSE.
type pause struct {
	untilMs int64 // Unix milliseconds; 0: no pause
	all     bool  // not only writes
	stop    func()
	waiting []*Client
}

// errPostponed says that a command has been kept for later.
var errPostponed = errors.New("postponed")

func clientPauseCommand(c *Ctx) error {
	if len(c.Args) > 4 {
		return resp.ErrSubcommandSyntax([]byte("client"), c.Args[1])
	}
	all := true
	if len(c.Args) == 4 {
		all = isToken(c.Args[3], "ALL")
		if !all && !isToken(c.Args[3], "WRITE") {
			return resp.ErrPauseMode
		}
	}
	ms, ok := resp.ParseInt(c.Args[2])
	switch {
	case !ok:
		return resp.ErrTimeoutInt
	case ms < 0:
		return resp.ErrTimeoutNeg
	}
	c.S.pauseClients(ms, all)
	c.Out.OK()
	return nil
}

// pauseMsMax keeps a timer within what it can count in nanoseconds: 100 years.
const pauseMsMax = 100 * 365 * 86400 * 1000

// pauseClients begins a pause or makes a running one longer and stricter, never shorter.
func (s *Server) pauseClients(ms int64, all bool) {
	p := &s.pause
	p.all = p.all || all
	until := s.nowMs + ms
	if until <= p.untilMs { // a time beyond 64 bits has passed already, as in Redis
		return
	}
	p.untilMs = until
	if p.stop != nil {
		p.stop()
	}
	s.setPaused(true)
	p.stop = s.env.After(min(until-s.nowMs, pauseMsMax)*1e6, s.resumeClients)
}

func (s *Server) paused() bool { return s.gates&gatePause != 0 }

// setPaused begins or ends what a pause means for commands and for keys that expire.
func (s *Server) setPaused(on bool) {
	s.setGate(gatePause, on)
	s.Store.KeepExpired = on
}

func clientUnpauseCommand(c *Ctx) error {
	if c.S.paused() {
		c.S.env.Post(c.S.resumeClients)
		c.S.setPaused(false)
	}
	c.Out.OK()
	return nil
}

// resumeClients ends the pause: commands that waited run, in the order in which they came.
func (s *Server) resumeClients() {
	if s.pause.stop != nil {
		s.pause.stop()
	}
	waiting := s.pause.waiting
	s.pause = pause{}
	s.setPaused(false)
	for _, c := range waiting {
		if c.conn != nil {
			c.Resume(waitPaused)
		}
	}
}

// checkPause keeps a command until the pause ends.
func (s *Server) checkPause(c *Client, cmd *Command, args [][]byte) error {
	if !s.pause.all && c.flagsOf(cmd, args)&(Write|MayReplicate) == 0 || c.conn == nil {
		return nil
	}
	c.postponed = make([][]byte, len(args))
	for i, a := range args {
		c.postponed[i] = append([]byte(nil), a...)
	}
	c.flags |= waitPaused
	s.pause.waiting = append(s.pause.waiting, c)
	s.stats.Commands-- // it is counted when it comes again
	return errPostponed
}

// forgetPostponed drops the command of a client whose connection has gone.
func (s *Server) forgetPostponed(c *Client) {
	if c.postponed != nil {
		c.postponed = nil
		s.pause.waiting = slices.DeleteFunc(s.pause.waiting, func(w *Client) bool { return w == c })
	}
}

// next returns the client's next command: one that had to wait, or one from its input.
func (c *Client) next() (args [][]byte, ok bool, err error) {
	if c.postponed != nil {
		args, c.postponed = c.postponed, nil
		return args, true, nil
	}
	return c.parser.Next()
}

// checkNoTouch has a command leave the access clocks alone, but for TOUCH, whose purpose they are.
func (s *Server) checkNoTouch(c *Client, cmd *Command, args [][]byte) error {
	s.Store.Clock().Frozen = cmd.Name != "touch"
	return nil
}
