package command

import (
	"bytes"

	lua "github.com/yuin/gopher-lua"

	"spindle/aof"
	"spindle/resp"
	"spindle/store/acl"
	"spindle/store/script"
	"spindle/store/script/bit"
	"spindle/store/script/cjson"
	"spindle/store/script/cmsgpack"
	luastruct "spindle/store/script/struct"
)

// How a script runs inside the server. Its commands run through Server.Call, for a client without a connection that
// stands for it, and their effects belong to the unit of the command that started it.

// scriptRun is one script that is under way.
type scriptRun struct {
	name     string // SHA1, or the function's name
	flags    script.Flags
	readOnly bool // EVAL_RO, FCALL_RO
	eval     bool // not FCALL
	engine   *script.Engine
	command  [][]byte // that started it: for FUNCTION STATS

	caller      *Client
	allowOOM    bool
	full        bool // memory was short when it started
	dirty       bool // it called a command that writes
	mute        bool // redis.set_repl: effects do not go to the log
	startedNano int64
	killed      bool
	failed      bool // it answered an error of its own
	slow        bool // it was noted that it takes long
}

// scriptLibraries are the tables that scripts have besides Lua's own.
var scriptLibraries = []func(L *lua.LState){bit.Open, cjson.Open, cmsgpack.Open, luastruct.Open}

// runScript runs a script for the client and writes its reply.
func (c *Ctx) runScript(run scriptRun, call script.Call) error {
	s := c.S
	m := &s.scripts
	m.current = run
	r := &m.current
	r.caller, r.command = c.C, c.Args
	if err := s.admitScript(r); err != nil {
		return err
	}
	m.client.db = c.C.db
	r.startedNano = s.env.MonoNano()
	m.run = r
	defer func() { m.run = nil }()
	start := len(c.Out.Buf)
	failure := r.engine.Run(call, c.Out)
	if failure == nil {
		if r.failed || c.Out.Buf[start] == '-' {
			c.Cmd.stats.Failed++
		}
		return nil
	}
	err := resp.Error(failure.Reply(r.name))
	if failure.Counted { // as an error; the command failed all the same
		c.Cmd.stats.Failed++
		c.Out.Err(err)
		return nil
	}
	return err
}

// scriptFlags is what a script that a command is about to run says about itself; CompatMode if it says nothing or is not known.
func (s *Server) scriptFlags(cmd *Command, args [][]byte) script.Flags {
	switch cmd.Name {
	case "eval", "eval_ro":
		if bytes.HasPrefix(args[1], []byte("#!")) {
			if _, flags, err := script.ParseShebang(string(args[1])); err == nil {
				return flags
			}
		}
	case "evalsha", "evalsha_ro":
		if sc := s.scripts.bySHA(args[1]); sc != nil {
			return sc.flags
		}
	case "fcall", "fcall_ro":
		if f := s.functions.find(args[1]); f != nil {
			return f.Flags
		}
	}
	return script.CompatMode
}

// declaredFlags are the flags of a command whose script says what it does.
func declaredFlags(f Flags, declared script.Flags) Flags {
	f &^= Stale | DenyOOM | Write | MayReplicate
	if declared&script.NoWrites == 0 {
		f |= Write
		if declared&script.AllowOOM == 0 {
			f |= DenyOOM
		}
	}
	if declared&script.AllowStale != 0 {
		f |= Stale
	}
	return f
}

// admitScript checks whether a script may run at all, by what it says about itself.
func (s *Server) admitScript(r *scriptRun) error {
	r.full = s.gates&gateMemory != 0 && s.memory.full
	if r.flags&script.CompatMode != 0 {
		return nil
	}
	if r.flags&script.NoWrites == 0 {
		if s.gates&gateSave != 0 {
			return resp.ErrScriptMisconf
		}
		if s.gates&gateDisk != 0 && s.Log.Err() != nil {
			return resp.ErrScriptMisconfAOF(s.diskError())
		}
		if r.readOnly {
			return resp.ErrScriptWriteRO
		}
	}
	if r.full && r.flags&(script.AllowOOM|script.NoWrites) == 0 {
		return resp.ErrScriptOOM
	}
	r.readOnly = r.readOnly || r.flags&script.NoWrites != 0
	r.allowOOM = r.flags&script.AllowOOM != 0
	return nil
}

// scriptHost is the server as scripts see it.
type scriptHost struct{ s *Server }

// Call runs a command of the running script.
func (h scriptHost) Call(args [][]byte, proto int, out []byte) ([]byte, error) {
	s := h.s
	m := &s.scripts
	cmd, err := s.admitScriptCommand(m.run, args)
	if err != nil {
		if cmd != nil {
			cmd.stats.Rejected++
		}
		s.countError(err)
		return out, err
	}
	m.out.Buf, m.out.Proto = out, proto
	err = s.callFromScript(m, cmd, args)
	out = m.out.Buf
	m.out.Buf = nil
	if err != nil {
		s.countError(err)
	}
	return out, err
}

// callFromScript shields the script from a handler's panic.
func (s *Server) callFromScript(m *scripts, cmd *Command, args [][]byte) (err error) {
	depth, u := s.unit.depth, s.unit.mark()
	defer func() {
		if p := recover(); p != nil {
			s.stats.Panics++
			s.unit.depth = depth
			s.logf(aof.Warning, "A command of a script failed unexpectedly: %s: %v", cmd.full, p)
			s.logStack()
			err = resp.Error("ERR internal error while executing '" + cmd.full + "', see the server's log")
		}
	}()
	err = s.Call(m.client, cmd, args, &m.out)
	if m.run.mute {
		s.unit.cut(u)
	}
	if m.run.caller.gates&gateTracking != 0 {
		s.trackRead(m.run.caller, cmd, args)
	}
	return err
}

// admitScriptCommand finds the command and checks whether the script may run it.
func (s *Server) admitScriptCommand(r *scriptRun, args [][]byte) (*Command, error) {
	cmd, err := s.Resolve(args)
	switch {
	case cmd == nil:
		return nil, resp.ErrScriptUnknown
	case err != nil:
		return cmd, resp.ErrScriptArity
	case cmd.Flags&NoScript != 0 && !s.scriptsMayAll:
		return cmd, resp.ErrScriptNotAllowed
	}
	if d := s.permit(r.caller, cmd, args); d != nil { // the rights are those of the caller
		s.noteDenial(r.caller, acl.Lua, d)
		return cmd, d.inScript()
	}
	if cmd.Flags&(Write|MayReplicate) == 0 {
		return cmd, nil
	}
	if r.readOnly {
		return cmd, resp.ErrScriptWrite
	}
	if cmd.Flags&Write == 0 {
		return cmd, nil
	}
	if !r.dirty {
		if s.gates&gateSave != 0 {
			return cmd, resp.ErrMisconfRDB
		}
		if s.gates&gateDisk != 0 {
			if err := s.checkDisk(r.caller, cmd, args); err != nil {
				return cmd, err
			}
		}
		if r.full && !r.allowOOM && cmd.Flags&DenyOOM != 0 {
			return cmd, resp.ErrOOM
		}
	}
	r.dirty = true
	return cmd, nil
}

// MayRun is redis.acl_check_cmd.
func (h scriptHost) MayRun(args [][]byte) (bool, error) {
	cmd, err := h.s.lookup(args)
	if err != nil {
		return false, err
	}
	return h.s.permit(h.s.scripts.run.caller, cmd, args) == nil, nil
}

// Log is redis.log.
func (h scriptHost) Log(level int, text string) { h.s.logf(aof.Level(level), "%s", text) }

// CountError is for errors that a script makes itself.
func (h scriptHost) CountError(err error) {
	h.s.scripts.run.failed = true
	h.s.countError(err)
}

// SetReplication is redis.set_repl. There are no replicas, so only the log counts.
func (h scriptHost) SetReplication(where int) { h.s.scripts.run.mute = where&script.ReplAOF == 0 }

// unitMark is a place in the effects of a unit.
type unitMark struct{ n, effects, bytes int }

func (u *unit) mark() unitMark { return unitMark{u.n, len(u.effects), len(u.buf)} }

// cut forgets the effects since a mark.
func (u *unit) cut(m unitMark) { u.n, u.effects, u.buf = m.n, u.effects[:m.effects], u.buf[:m.bytes] }

// fromScript reports whether a script runs the command.
func (s *Server) fromScript(c *Ctx) bool { return c.C == s.scripts.client }
