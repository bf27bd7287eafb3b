package command

import "spindle/resp"

// Commands inside commands. EXEC and scripts run others as part of their own unit: each
// has a Ctx of its own, their effects are collected in order and reach the log together, as one MULTI ... EXEC block if
// there are several. The command around them is not logged, what they did is.

// Resolve finds the command that args call and checks their number.
func (s *Server) Resolve(args [][]byte) (*Command, error) {
	cmd, err := s.lookup(args)
	if err != nil {
		return nil, err
	}
	if !cmd.takes(len(args)) {
		return cmd, resp.ErrWrongArity(cmd.full)
	}
	return cmd, nil
}

// Call runs a resolved command inside the running one, for c and on the database that c has selected. The reply is appended to
// out; an error is returned and not written, so that the caller may pass it on or catch it. Call checks nothing
// but that the command can run: who may run what, and when, is the caller's business. args are borrowed.
//
// Inside Call nothing blocks (see Ctx.CanBlock); keys that wake others up do so when the unit is over.
func (s *Server) Call(c *Client, cmd *Command, args [][]byte, out *resp.Writer) error {
	s.stats.Commands++
	before := s.env.MonoNano()
	x := s.unit.enter()
	x.S, x.C, x.DB, x.Args, x.Out, x.Cmd = s, c, c.db, args, out, cmd
	x.changes, x.verbatim = 0, true
	err := cmd.Run(x)
	s.unit.leave(x)
	if err != nil {
		cmd.stats.Failed++
	}
	nanos := s.env.MonoNano() - before
	cmd.stats.add(1, nanos, s.timing.track)
	s.noteDuration(c, cmd, args, nanos)
	if (s.gates|c.gates)&gateAfter != 0 {
		s.after(c, cmd, args)
	}
	return err
}

// enter returns the context of a command one level down.
func (u *unit) enter() *Ctx {
	if u.depth > len(u.nested) {
		u.nested = append(u.nested, new(Ctx))
	}
	u.depth++
	return u.nested[u.depth-2]
}

// leave ends the command of the deepest level: it becomes an effect of the unit, in place of the command that called it.
func (u *unit) leave(x *Ctx) {
	u.depth--
	if x.changes == 0 {
		return
	}
	if x.verbatim {
		x.S.addEffect(x.DB, x.effect()...)
	}
	outer := &u.ctx
	if u.depth > 1 {
		outer = u.nested[u.depth-2]
	}
	outer.changes += x.changes
	outer.verbatim = false
}

// CanBlock reports whether the command may make its client wait: neither inside another command nor when the log is replayed.
func (c *Ctx) CanBlock() bool { return c.S.unit.depth == 1 && c.C.conn != nil }
