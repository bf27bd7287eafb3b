package command

import (
	"slices"
	"strings"

	"spindle/resp"
	"spindle/store/acl"
)

// Whether a command may run. A client whose user may do everything does not come here: it lacks gateACL.

// access is what the server knows about users.
type access struct {
	users        *acl.Users
	log          acl.Log
	authRequired bool // the default user is not free to use

	// Of the check that runs; kept so that it allocates nothing.
	request acl.Request
	keys    []KeyAt
}

// ChannelUse says which arguments of a command are channels that its user must be allowed to use.
type ChannelUse uint8

const (
	noChannels     ChannelUse = iota
	firstChannel              // the first argument
	allChannels               // all arguments
	channelPattern            // all arguments, as patterns
)

// denial says why a client may not run a command. As an error it is the reply.
type denial struct {
	acl.Denial
	cmd    *Command
	object string // the command, key or channel
}

func (d *denial) Error() string { return string(d.reply()) }

func (d *denial) reply() resp.Error {
	switch d.Reason {
	case acl.DeniedKey:
		return resp.ErrNoPermKey
	case acl.DeniedChannel:
		return resp.ErrNoPermChannel
	}
	return resp.ErrNoPermCommand(d.cmd.full)
}

// inExec is the reply to a command that was allowed when it was queued.
func (d *denial) inExec() resp.Error {
	switch d.Reason {
	case acl.DeniedKey:
		return resp.ErrNoPermExecKey
	case acl.DeniedChannel:
		return resp.ErrNoPermExecChannel
	}
	return resp.ErrNoPermExecCommand
}

// inScript is what a script gets to see.
func (d *denial) inScript() resp.Error {
	switch d.Reason {
	case acl.DeniedKey:
		return resp.ErrScriptPermKey
	case acl.DeniedChannel:
		return resp.ErrScriptPermChannel
	}
	return resp.ErrScriptPermCommand
}

// checkACL is the stage that refuses what the client's user may not do.
func (s *Server) checkACL(c *Client, cmd *Command, args [][]byte) error {
	d := s.permit(c, cmd, args)
	if d == nil {
		return nil
	}
	context := acl.Toplevel
	if c.multi != nil {
		context = acl.Multi
	}
	s.noteDenial(c, context, d)
	return d.reply()
}

// permit returns nil if the client's user may run a command, or what is against it. It notes nothing: whoever
// refuses the command then calls noteDenial. args need not have the command's arity.
func (s *Server) permit(c *Client, cmd *Command, args [][]byte) *denial {
	if c.gates&gateACL == 0 {
		return nil
	}
	d := s.checkUser(c.user, cmd, args)
	switch d.Reason {
	case acl.Allowed:
		return nil
	case acl.DeniedCommand:
		return &denial{d, cmd, cmd.full}
	}
	return &denial{d, cmd, string(args[d.Pos])}
}

// checkUser asks whether a user may run a command.
func (s *Server) checkUser(u *acl.User, cmd *Command, args [][]byte) acl.Denial {
	d := u.Check(s.permitRequest(u, cmd, args))
	s.access.request.Args = nil
	return d
}

// mayReadAllKeys reports whether the client's user may run the command and, besides, read any key.
func (c *Ctx) mayReadAllKeys() bool {
	if c.C.gates&gateACL == 0 {
		return true
	}
	ok := c.C.user.CheckAllKeys(c.S.permitRequest(c.C.user, c.Cmd, c.Args), acl.Read)
	c.S.access.request.Args = nil
	return ok
}

// permitRequest says what a command is about to touch. It is valid until the next call.
func (s *Server) permitRequest(u *acl.User, cmd *Command, args [][]byte) *acl.Request {
	a := &s.access
	r := &a.request
	r.Command, r.Free, r.Args = cmd.id, cmd.Flags&NoAuth != 0, args
	r.Keys, r.Channels = r.Keys[:0], r.Channels[:0]
	if len(args) < 2 {
		return r
	}
	if cmd.hasKeys() && u.RestrictsKeys() {
		a.keys, _ = cmd.appendKeys(a.keys[:0], args)
		for _, k := range a.keys {
			r.Keys = append(r.Keys, acl.Key{Pos: k.Pos, Need: k.Flags.permission()})
		}
	}
	if cmd.Channels != noChannels && u.RestrictsChannels() {
		for i := 1; i < len(args) && (i == 1 || cmd.Channels != firstChannel); i++ {
			r.Channels = append(r.Channels, acl.Channel{Pos: i, Pattern: cmd.Channels == channelPattern})
		}
	}
	return r
}

// permission is what a command with these flags needs. Asking whether a key exists, or of which type it is, needs nothing but
// some permission for the key.
func (f KeyFlags) permission() (p acl.Permission) {
	if f&Access != 0 {
		p = acl.Read
	}
	if f&(Insert|Update|KeyDelete) != 0 {
		p |= acl.Write
	}
	return p
}

// noteDenial puts a denial into ACL LOG.
func (s *Server) noteDenial(c *Client, context acl.Context, d *denial) {
	s.logDenial(c, acl.Entry{Reason: d.Reason, Context: context, Object: d.object, User: c.userName()})
}

func (s *Server) logDenial(c *Client, e acl.Entry) {
	e.AtMs = s.nowMs
	if c.conn != nil {
		e.Client = string(c.appendInfo(nil))
	}
	s.access.log.Add(e, s.Config.AcllogMaxLen)
}

// absentCommands are commands of Redis 7.0 that this server does not have. Rules may name them nevertheless, since files of users that
// were written for Redis do.
var absentCommands = []*Command{
	{Name: "migrate", Flags: Write, Since: "2.6.0", Categories: CatKeyspace | CatDangerous},
	{Name: "restore-asking", Flags: Write, Since: "3.0.0", Categories: CatKeyspace | CatDangerous},
	{Name: "bgsave", Flags: Admin, Since: "1.0.0"},
	{Name: "save", Flags: Admin, Since: "1.0.0"},
}

// newACLCommands numbers the commands and describes them for rules. Rules know commands by the names they have in Redis, disabled ones too.
func newACLCommands(t *table) *acl.Commands {
	all := make([]*Command, 0, len(t.originals)+len(absentCommands))
	for _, c := range t.originals {
		all = append(all, c)
	}
	for _, c := range absentCommands {
		if t.originals[c.Name] == nil {
			all = append(all, c.clone(nil))
		}
	}
	slices.SortFunc(all, func(a, b *Command) int { return strings.Compare(a.Name, b.Name) })
	id := 0
	describe := func(c *Command) *acl.Command {
		c.id = id
		id++
		return &acl.Command{Name: c.full, ID: c.id, Categories: uint64(c.AllCategories()), IsSub: c.parent != nil, Late: c.late()}
	}
	var top []*acl.Command
	for _, c := range all {
		d := describe(c)
		for _, sub := range c.Subs {
			d.Subs = append(d.Subs, describe(sub))
		}
		top = append(top, d)
	}
	return acl.NewCommands(top, categoryNames)
}

// late reports whether Redis 7.0 lacks the command.
func (c *Command) late() bool {
	return !strings.HasPrefix(c.Since, "7.0.") && c.Since > "7"
}

// byOriginalName returns all commands and subcommands, disabled ones too, by the names they have in Redis.
func (t *table) byOriginalName() []*Command {
	var list []*Command
	for _, name := range sortedKeys(t.originals) {
		c := t.originals[name]
		list = append(append(list, c), c.Subs...)
	}
	return list
}

// takes reports whether the command may be called with n arguments, its name included.
func (c *Command) takes(n int) bool { return n == c.Arity || c.Arity < 0 && n >= -c.Arity }
