package command

import (
	"cmp"
	"slices"
	"strconv"

	"spindle/resp"
	"spindle/store/config"
)

// CLIENT. connection_kill.go has KILL, connection_pause.go PAUSE and UNPAUSE.

var clientCommands = []*Command{
	{Name: "client", Arity: -2, Group: "connection", Since: "2.4.0", Complexity: "Depends on subcommand.",
		Summary: "A container for client connection commands",
		Subs: append([]*Command{
			{Name: "unpause", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "connection", Since: "6.2.0",
				Categories: CatConnection, Complexity: "O(N) Where N is the number of paused clients",
				Summary: "Resume processing of clients that were paused", Run: clientUnpauseCommand},
			{Name: "unblock", Arity: -3, Flags: Admin | NoScript | Loading | Stale, Group: "connection", Since: "5.0.0",
				Categories: CatConnection, Complexity: "O(log N) where N is the number of client connections",
				Syntax:  "client-id:integer [timeout_error(TIMEOUT|ERROR)]",
				Summary: "Unblock a client blocked in a blocking command from a different connection",
				Run:     clientUnblockCommand},
			{Name: "kill", Arity: -3, Flags: Admin | NoScript | Loading | Stale, Group: "connection", Since: "2.4.0",
				Categories: CatConnection, Complexity: "O(N) where N is the number of client connections",
				History: []Change{{"2.8.12", "Added new filter format."}, {"2.8.12", "`ID` option."}, {"3.2.0", "Added `master` type in for `TYPE` option."}, {"5.0.0", "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility."}, {"6.2.0", "`LADDR` option."}},
				Syntax:  "filter(ip:port!2.8.12|new-format([ID=client-id:integer@2.8.12]|[TYPE=normal_master_slave_pubsub(NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB)@2.8.12]|[USER=username]|[ADDR=ip:port]|[LADDR=ip:port@6.2.0]|[SKIPME=yes/no])...)",
				Summary: "Kill the connection of a client", Run: clientKillCommand},
			{Name: "getname", Arity: 2, Flags: NoScript | Loading | Stale, Group: "connection", Since: "2.6.9",
				Categories: CatConnection, Complexity: "O(1)", Summary: "Get the current connection name",
				Run: clientGetnameCommand},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "connection", Since: "5.0.0",
				Categories: CatConnection, Complexity: "O(1)",
				Summary: "Show helpful text about the different subcommands", Run: clientHelpCommand},
			{Name: "info", Arity: 2, Flags: NoScript | Loading | Stale, Group: "connection", Since: "6.2.0",
				Categories: CatConnection, Complexity: "O(1)", Tips: []string{"nondeterministic_output"},
				Summary: "Returns information about the current client connection.", Run: clientInfoCommand},
			{Name: "no-evict", Arity: 3, Flags: Admin | NoScript | Loading | Stale, Group: "connection", Since: "7.0.0",
				Categories: CatConnection, Complexity: "O(1)", Syntax: "enabled(ON|OFF)",
				Summary: "Set client eviction mode for the current connection", Run: clientNoEvictCommand},
			{Name: "reply", Arity: 3, Flags: NoScript | Loading | Stale, Group: "connection", Since: "3.2.0",
				Categories: CatConnection, Complexity: "O(1)", Syntax: "on_off_skip(ON|OFF|SKIP)",
				Summary: "Instruct the server whether to reply to commands", Run: clientReplyCommand},
			{Name: "pause", Arity: -3, Flags: Admin | NoScript | Loading | Stale, Group: "connection", Since: "2.9.50",
				Categories: CatConnection, Complexity: "O(1)",
				History: []Change{{"6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."}},
				Syntax:  "timeout:integer [mode(WRITE|ALL)@6.2.0]",
				Summary: "Stop processing commands from clients for some time", Run: clientPauseCommand},
			{Name: "id", Arity: 2, Flags: NoScript | Loading | Stale, Group: "connection", Since: "5.0.0",
				Categories: CatConnection, Complexity: "O(1)",
				Summary: "Returns the client ID for the current connection", Run: clientIdCommand},
			{Name: "setname", Arity: 3, Flags: NoScript | Loading | Stale, Group: "connection", Since: "2.6.9",
				Categories: CatConnection, Complexity: "O(1)", Syntax: "connection-name",
				Summary: "Set the current connection name", Run: clientSetnameCommand},
			{Name: "list", Arity: -2, Flags: Admin | NoScript | Loading | Stale, Group: "connection", Since: "2.4.0",
				Categories: CatConnection, Complexity: "O(N) where N is the number of client connections",
				Tips:    []string{"nondeterministic_output"},
				History: []Change{{"2.8.12", "Added unique client `id` field."}, {"5.0.0", "Added optional `TYPE` filter."}, {"6.0.0", "Added `user` field."}, {"6.2.0", "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter."}, {"7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."}, {"7.0.3", "Added `ssub` field."}},
				Syntax:  "[TYPE=normal_master_replica_pubsub(NORMAL|MASTER|REPLICA|PUBSUB)@5.0.0] [ID=id((client-id:integer...))@6.2.0]",
				Summary: "Get the list of client connections", Run: clientListCommand},
			{Name: "setinfo", Arity: 4, Flags: NoScript | Loading | Stale, Group: "connection", Since: "7.2.0",
				Categories: CatConnection, Complexity: "O(1)", Syntax: "attr(LIB-NAME=libname|LIB-VER=libver)",
				Summary: "Sets information specific to the client or connection", Run: clientSetinfoCommand},
			{Name: "no-touch", Arity: 3, Flags: NoScript | Loading | Stale, Group: "connection", Since: "7.2.0",
				Categories: CatConnection, Complexity: "O(1)", Syntax: "enabled(ON|OFF)",
				Summary: "Controls whether commands sent by the client affect the LRU/LFU of accessed keys",
				Run:     clientNoTouchCommand},
		}, trackingSubcommands...)},
}

func clientIdCommand(c *Ctx) error {
	c.Out.Int(c.C.ID)
	return nil
}

func clientInfoCommand(c *Ctx) error {
	c.Out.Verbatim("txt", string(append(c.C.appendInfo(nil), '\n')))
	return nil
}

// clientListCommand lists all clients, those of a class, or those with the given IDs in the order given.
func clientListCommand(c *Ctx) error {
	var list []*Client
	a := c.Options(2)
	switch {
	case !a.More():
		list = c.S.sortedClients(func(*Client) bool { return true })
	case a.Left() == 2 && a.Token("TYPE"):
		name, _ := a.Next()
		class, err := parseClientClass(name)
		if err != nil {
			return err
		}
		list = c.S.sortedClients(func(other *Client) bool { return other.class() == class })
	case a.TokenWith("ID", 1):
		for a.More() {
			id, err := a.Int()
			if err != nil {
				return resp.ErrInvalidClientID
			}
			if other := c.S.clients[id]; other != nil {
				list = append(list, other)
			}
		}
	default:
		return resp.ErrSyntax
	}
	var b []byte
	for _, other := range list {
		b = append(other.appendInfo(b), '\n')
	}
	c.Out.Verbatim("txt", string(b))
	return nil
}

// sortedClients returns the clients that keep accepts, the oldest first.
func (s *Server) sortedClients(keep func(*Client) bool) []*Client {
	var list []*Client
	for _, c := range s.clients {
		if keep(c) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *Client) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// masterClient is the class of a connection to a master, which no client is in: this server has none.
const masterClient = config.PubsubClient + 1

// class returns the client's class, by which its output is limited and clients are listed.
func (c *Client) class() int {
	if c.subs != nil {
		return config.PubsubClient
	}
	return config.NormalClient
}

func parseClientClass(name []byte) (int, error) {
	switch {
	case isToken(name, "NORMAL"):
		return config.NormalClient, nil
	case isToken(name, "SLAVE"), isToken(name, "REPLICA"):
		return config.ReplicaClient, nil
	case isToken(name, "PUBSUB"):
		return config.PubsubClient, nil
	case isToken(name, "MASTER"):
		return masterClient, nil
	}
	return 0, resp.ErrClientType(name)
}

// appendInfo appends the client's line of CLIENT LIST.
func (c *Client) appendInfo(b []byte) []byte {
	text := func(name, value string) { b = append(append(append(b, name...), '='), value...) }
	number := func(name string, n int64) { b = strconv.AppendInt(append(append(b, name...), '='), n, 10) }
	u := c.usage()
	number("id", c.ID)
	text(" addr", c.conn.RemoteAddr())
	text(" laddr", c.conn.LocalAddr())
	number(" fd", int64(c.conn.FD()))
	text(" name", c.name)
	number(" age", (c.s.nowMs-c.createdMs)/1000)
	number(" idle", (c.s.nowMs-c.activeMs)/1000)
	text(" flags", c.flagLetters())
	number(" db", int64(c.db.ID))
	number(" sub", c.subs.of(plainChannel))
	number(" psub", c.subs.of(patternChannel))
	number(" ssub", c.subs.of(shardChannel))
	number(" multi", c.multi.len())
	number(" qbuf", u.query)
	number(" qbuf-free", u.queryFree)
	number(" argv-mem", u.args)
	number(" multi-mem", u.multi)
	number(" rbs", u.replyRoom)
	number(" rbp", u.replyRoom)
	number(" obl", u.reply)
	number(" oll", u.pendingParts)
	number(" omem", u.pending)
	number(" tot-mem", u.total())
	text(" events", c.eventLetters())
	text(" cmd", c.lastName())
	text(" user", c.userName())
	number(" redir", c.track.redirection())
	number(" resp", int64(max(c.Out.Proto, 2)))
	if c.libName != "" || c.libVersion != "" {
		text(" lib-name", c.libName)
		text(" lib-ver", c.libVersion)
	}
	return b
}

// lastName is the name of the command the client sent last.
func (c *Client) lastName() string {
	if c.last == nil {
		return "NULL"
	}
	return c.last.full
}

// flagLetters are the client's flags, a letter each.
func (c *Client) flagLetters() string {
	var b []byte
	for _, f := range []struct {
		letter byte
		on     bool
	}{
		{'O', c.gates&gateMonitor != 0},
		{'P', c.subs != nil},
		{'x', c.multi != nil},
		{'b', c.flags&(waitBlocked|waitPaused) != 0},
		{'t', c.track != nil},
		{'R', c.track != nil && c.track.broken},
		{'B', c.track != nil && c.track.bcast},
		{'d', c.flags&dirtyWatch != 0},
		{'c', c.flags&(closing|killed) == closing},
		{'A', c.flags&killed != 0},
		{'U', c.conn.IsUnix()},
		{'e', c.flags&noEvict != 0},
		{'T', c.gates&gateNoTouch != 0},
	} {
		if f.on {
			b = append(b, f.letter)
		}
	}
	if b == nil {
		return "N"
	}
	return string(b)
}

// eventLetters tell what the connection waits for: r to read, w to write.
func (c *Client) eventLetters() string {
	s := ""
	if c.flags&pausedReads == 0 {
		s = "r"
	}
	if c.conn.Pending() > 0 {
		s += "w"
	}
	return s
}

func clientGetnameCommand(c *Ctx) error {
	if c.C.name == "" {
		c.Out.Null()
	} else {
		c.Out.BulkString(c.C.name)
	}
	return nil
}

func clientSetnameCommand(c *Ctx) error {
	if err := c.C.setName(c.Args[2]); err != nil {
		return err
	}
	c.Out.OK()
	return nil
}

// setName names the client. An empty name takes the name away.
func (c *Client) setName(name []byte) error {
	if !plainWord(name) {
		return resp.ErrClientName
	}
	c.name = string(name)
	return nil
}

// plainWord reports whether b has printable ASCII only and no blanks: it can stand in a line of CLIENT LIST.
func plainWord(b []byte) bool {
	for _, ch := range b {
		if ch < '!' || ch > '~' {
			return false
		}
	}
	return true
}

// clientSetinfoCommand notes what a client library says about itself.
func clientSetinfoCommand(c *Ctx) error {
	var field *string
	switch attr := c.Args[2]; {
	case isToken(attr, "LIB-NAME"):
		field = &c.C.libName
	case isToken(attr, "LIB-VER"):
		field = &c.C.libVersion
	default:
		return resp.ErrUnrecognizedOption(attr)
	}
	if !plainWord(c.Args[3]) {
		return resp.ErrClientAttribute(c.Args[2])
	}
	*field = string(c.Args[3])
	c.Out.OK()
	return nil
}

// onOff parses argument i as a switch.
func (c *Ctx) onOff(i int) (bool, error) {
	switch {
	case isToken(c.Args[i], "ON"):
		return true, nil
	case isToken(c.Args[i], "OFF"):
		return false, nil
	}
	return false, resp.ErrSyntax
}

// clientNoEvictCommand exempts the client from maxmemory-clients.
func clientNoEvictCommand(c *Ctx) error {
	on, err := c.onOff(2)
	if err != nil {
		return err
	}
	if c.C.flags &^= noEvict; on {
		c.C.flags |= noEvict
	}
	c.Out.OK()
	return nil
}

// clientNoTouchCommand has the client's commands leave the access clocks of keys alone.
func clientNoTouchCommand(c *Ctx) error {
	on, err := c.onOff(2)
	if err != nil {
		return err
	}
	if c.C.gates &^= gateNoTouch; on {
		c.C.gates |= gateNoTouch
	}
	c.Out.OK()
	return nil
}

// clientReplyCommand switches replies off and on. What switches them off gets no reply itself.
func clientReplyCommand(c *Ctx) error {
	switch f := &c.C.flags; {
	case isToken(c.Args[2], "ON"):
		*f &^= replyOff | replySkip | replySkipNext
		c.S.spared = c.S.spared[:0]
		c.Out.OK()
	case isToken(c.Args[2], "OFF"):
		*f |= replyOff
	case isToken(c.Args[2], "SKIP"):
		if *f&replyOff == 0 {
			*f |= replySkipNext
		}
	default:
		return resp.ErrSyntax
	}
	return nil
}

// hush takes back the reply that begins at start if the client does not want it. What was pushed to the client meanwhile stays: it
// is no reply.
func (c *Client) hush(start int) {
	if c.flags&(replyOff|replySkip) != 0 && start < len(c.Out.Buf) {
		c.Out.Buf = append(c.Out.Buf[:start], c.s.spared...)
	}
	c.s.spared = c.s.spared[:0]
	c.flags &^= replySkip
	if c.flags&replySkipNext != 0 {
		c.flags = c.flags&^replySkipNext | replySkip
	}
}

// spare keeps a push from hush. That concerns only the client whose command is running.
func (c *Client) spare(message []byte) {
	if c.s.running == c && c.flags&(replyOff|replySkip) != 0 {
		c.s.spared = append(c.s.spared, message...)
	}
}

func clientHelpCommand(c *Ctx) error { return c.help(clientHelp) }
