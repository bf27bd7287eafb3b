package command

import (
	"fmt"
	"runtime/debug"
	"strings"

	"spindle/aof"
	"spindle/resp"
	"spindle/store"
)

// A gate is a condition under which a command has to be looked at before it runs. A
// server or a client in that condition has the bit set, a command that cares has it too; the hot
// path tests the three words once, and a feature that is not in use costs nothing else.
type gate uint32

const (
	gateAuth       gate = 1 << iota // client has not authenticated
	gateLoading                     // data is being loaded
	gateMemory                      // maxmemory is set
	gateSave                        // dumps fail
	gateDisk                        // the log cannot be written
	gatePause                       // CLIENT PAUSE
	gateNoTouch                     // CLIENT NO-TOUCH
	gateMulti                       // client is between MULTI and EXEC
	gateSubscribed                  // client has subscriptions
	gateMonitored                   // somebody wants to see all commands
	gateMonitor                     // client is one of those
	gateTracking                    // client caches what it reads
	gateBusy                        // a script takes long
	gateScript                      // always set: of commands that run scripts
	gateACL                         // client's user may not do everything
	gateHuge                        // client has sent more than the longest key
)

// stages are the admission checks, in Redis's order. Each returns an error to refuse the command.
var stages []stage

type stage struct {
	gate  gate
	check func(s *Server, c *Client, cmd *Command, args [][]byte) error
}

func init() { // not in the declaration: a check may lead to execute, by way of a client that goes on
	stages = []stage{
		{gateAuth, (*Server).checkAuth},
		{gateHuge, (*Server).checkHuge},
		{gateMulti, (*Server).checkInMulti},
		{gateACL, (*Server).checkACL},
		{gateBusy, (*Server).checkBusy},
		{gateMemory, (*Server).checkMemory},
		{gateSave, (*Server).checkSave},
		{gateDisk, (*Server).checkDisk},
		{gateSubscribed, (*Server).checkSubscribed},
		{gateMonitor, (*Server).checkMonitor},
		{gateLoading, (*Server).checkLoading},
		{gateNoTouch, (*Server).checkNoTouch},
		{gatePause, (*Server).checkPause},
		{gateMulti, (*Server).checkQueue},
	}
}

// gateAfter are the conditions under which something is left to do when a command has run.
const gateAfter = gateMonitored | gateTracking

// gatesOf returns the conditions that concern a command.
func gatesOf(c *Command) gate {
	g := gateMemory | gatePause | gateNoTouch | gateMulti | gateSubscribed | gateMonitor | gateHuge | gateAfter
	if c.Flags&NoAuth == 0 {
		g |= gateAuth | gateACL
	}
	if c.Flags&Loading == 0 || c.Flags&RunsQueue != 0 {
		g |= gateLoading
	}
	if c.Flags&(Write|RunsQueue|RunsScripts|TellsHealth) != 0 {
		g |= gateSave | gateDisk
	}
	if c.Flags&AllowBusy == 0 {
		g |= gateBusy
	}
	if c.Flags&(RunsScripts|RunsQueue) != 0 {
		g |= gateScript
	}
	return g
}

// execute runs one command for a client and writes the reply. It returns the command, nil for an unknown one. The stages: look up,
// arity, admission, run, propagate.
func (s *Server) execute(c *Client, args [][]byte) *Command {
	s.stats.Commands++
	cmd := c.last
	if cmd == nil || cmd.parent != nil || !equalFold(cmd.called, args[0]) || cmd.container() {
		var err error
		if cmd, err = s.lookup(args); err != nil {
			c.last = nil
			if crossProtocol(args[0]) {
				s.repel(c)
				return nil
			}
			s.refuse(c, cmd, err)
			return nil
		}
		c.last = cmd
	}
	if !cmd.takes(len(args)) {
		s.refuse(c, cmd, resp.ErrWrongArity(cmd.full))
		return nil
	}
	if on := (s.gates | c.gates) & cmd.gates; on != 0 {
		return s.executeGated(c, cmd, args, on)
	}
	s.call(c, cmd, args)
	return cmd
}

// executeGated is the rest of execute for commands that have to be looked at first. A command that is kept for later
// counts as not executed.
func (s *Server) executeGated(c *Client, cmd *Command, args [][]byte, on gate) *Command {
	err := s.admit(c, cmd, args, on)
	switch {
	case err == nil && on&gateScript != 0:
		return s.callInLane(c, cmd, args, on)
	case err == nil:
		s.call(c, cmd, args)
		s.afterCall(c, cmd, args, on)
		return cmd
	case err != errPostponed:
		s.refuse(c, cmd, err)
	}
	return nil
}

// afterCall undoes what the gates brought about and does what they ask for when a command has run.
func (s *Server) afterCall(c *Client, cmd *Command, args [][]byte, on gate) {
	s.Store.Clock().Frozen = false
	if on&gateAfter != 0 {
		s.after(c, cmd, args)
	}
}

// after does what is left when a command has run.
func (s *Server) after(c *Client, cmd *Command, args [][]byte) {
	if s.gates&gateMonitored != 0 {
		s.feedMonitors(c, cmd, args)
	}
	if c.gates&gateTracking != 0 {
		s.trackRead(c, cmd, args)
	}
}

// lookup finds the command that args name.
func (s *Server) lookup(args [][]byte) (*Command, error) {
	cmd, unknownSub := s.table.find(args)
	switch {
	case cmd == nil:
		return nil, resp.ErrUnknownCommand(args[0], args[1:])
	case unknownSub:
		return nil, resp.ErrUnknownSubcommand([]byte(cmd.Name), args[1])
	}
	return cmd, nil
}

// admit runs the checks whose conditions hold.
func (s *Server) admit(c *Client, cmd *Command, args [][]byte, on gate) error {
	for i := range stages {
		if on&stages[i].gate != 0 {
			if err := stages[i].check(s, c, cmd, args); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuse answers a command that does not run.
func (s *Server) refuse(c *Client, cmd *Command, err error) {
	s.stats.Commands-- // only those that run are counted
	if cmd != nil {
		cmd.stats.Rejected++
	}
	if cmd != nil && cmd.Flags&RunsQueue != 0 {
		err = resp.ErrExecAbortBecause(strings.TrimPrefix(resp.ErrorText(err), "ERR "))
		s.unwatch(c) // an EXEC that does not run ends what WATCH began, with or without MULTI
	}
	if c.multi != nil {
		c.failTransaction(cmd)
	}
	s.replyError(c, err)
}

// replyError writes an error and counts it.
func (s *Server) replyError(c *Client, err error) {
	s.countError(err)
	c.Out.Err(err)
}

// call runs an admitted command as a unit of its own.
func (s *Server) call(c *Client, cmd *Command, args [][]byte) {
	x := &s.unit.ctx
	x.C, x.DB, x.Args, x.Out, x.Cmd = c, c.db, args, &c.Out, cmd
	x.changes, x.verbatim = 0, true
	s.unit.depth = 1
	if err := cmd.Run(x); err != nil {
		cmd.stats.Failed++
		s.replyError(c, err)
	}
	s.unit.depth = 0
	if x.changes > 0 || s.unit.n > 0 {
		s.finishUnit(x)
		if s.hooks != 0 {
			s.afterUnit()
		}
	}
}

// panicked deals with a handler's panic: it is logged with the command, the reply written so far is taken back, and
// the client gets an error.
func (s *Server) panicked(c *Client, p any, start int) {
	s.stats.Panics++
	s.Store.Clock().Frozen = false
	x := &s.unit.ctx
	var text []byte
	for i, a := range x.Args {
		if i == 8 {
			text = append(text, " ..."...)
			break
		}
		text = resp.AppendQuoted(append(text, ' '), a[:min(len(a), 128)])
	}
	s.logf(aof.Warning, "A command failed unexpectedly:%s: %v", text, p)
	s.logStack()
	s.unit.depth = 0
	if s.unit.n > 0 || x.changes > 0 {
		s.finishUnit(x)
	}
	c.Out.Buf = c.Out.Buf[:start]
	s.replyError(c, resp.Error(fmt.Sprintf("ERR internal error while executing '%s', see the server's log", x.Cmd.full)))
}

// logStack writes the running goroutine's stack to the log, whole: a line would be cut.
func (s *Server) logStack() { s.raw(string(debug.Stack())) }

func (s *Server) logf(level aof.Level, format string, args ...any) {
	s.env.Logf(level, format, args...)
}

// checkHuge refuses arguments that have no place in a record: proto-max-bulk-len may be raised beyond that.
func (s *Server) checkHuge(c *Client, cmd *Command, args [][]byte) error {
	for _, a := range args {
		if len(a) > store.ValueMax {
			return resp.ErrStringTooLong
		}
	}
	keys, _ := cmd.KeysOf(args)
	for _, k := range keys {
		if len(args[k.Pos]) > store.KeyMax {
			return resp.ErrStringTooLong
		}
	}
	return nil
}

// gateHugeOf is gateHuge if so many bytes of input may hold a key that is too long.
func gateHugeOf(bytes int) gate {
	if bytes > store.KeyMax {
		return gateHuge
	}
	return 0
}

func (s *Server) checkAuth(c *Client, cmd *Command, args [][]byte) error { return resp.ErrNoAuth }
func (s *Server) checkLoading(c *Client, cmd *Command, args [][]byte) error {
	if c.flagsOf(cmd, args)&Loading != 0 {
		return nil
	}
	return resp.ErrLoading
}
