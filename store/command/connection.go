package command

import (
	"math"

	"spindle/resp"
	"spindle/store"
)

// Commands about the connection itself: who the client is, which database and protocol it uses. connection_client.go and
// its kin have CLIENT.

var connectionCommands = []*Command{
	{Name: "auth", Arity: -2, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, Group: "connection",
		Since: "1.0.0", Categories: CatConnection,
		Complexity: "O(N) where N is the number of passwords defined for the user",
		History:    []Change{{"6.0.0", "Added ACL style (username and password)."}}, Syntax: "[username@6.0.0] password",
		Summary: "Authenticate to the server", Run: authCommand},
	{Name: "echo", Arity: 2, Flags: Loading | Stale | Fast, Group: "connection", Since: "1.0.0",
		Categories: CatConnection, Complexity: "O(1)", Syntax: "message", Summary: "Echo the given string",
		Run: echoCommand},
	{Name: "hello", Arity: -1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, Group: "connection",
		Since: "6.0.0", Categories: CatConnection, Complexity: "O(1)",
		History: []Change{{"6.2.0", "`protover` made optional; when called without arguments the command reports the current connection's context."}},
		Syntax:  "[arguments(protover:integer [AUTH=username_password(username password)] [SETNAME=clientname])]",
		Summary: "Handshake with Redis", Run: helloCommand},
	{Name: "ping", Arity: -1, Flags: Fast | WhileSubscribed | TellsHealth, Group: "connection", Since: "1.0.0", Categories: CatConnection,
		Complexity: "O(1)", Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Syntax: "[message]", Summary: "Ping the server", Run: pingCommand},
	{Name: "quit", Arity: -1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy | Immediate | WhileSubscribed, Group: "connection",
		Since: "1.0.0", Categories: CatConnection, Complexity: "O(1)", Summary: "Close the connection",
		Run: quitCommand},
	{Name: "reset", Arity: 1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy | Immediate | WhileSubscribed, Group: "connection",
		Since: "6.2.0", Categories: CatConnection, Complexity: "O(1)", Summary: "Reset the connection",
		Run: resetCommand},
	{Name: "select", Arity: 2, Flags: Loading | Stale | Fast, Group: "connection", Since: "1.0.0",
		Categories: CatConnection, Complexity: "O(1)", Syntax: "index:integer",
		Summary: "Change the selected database for the current connection", Run: selectCommand},
}

func echoCommand(c *Ctx) error {
	c.Out.Bulk(c.Args[1])
	return nil
}

func pingCommand(c *Ctx) error {
	if len(c.Args) > 2 {
		return resp.ErrWrongArity(c.Cmd.full)
	}
	if c.C.inSubscribeMode() {
		c.pingSubscribed()
		return nil
	}
	if len(c.Args) == 2 {
		c.Out.Bulk(c.Args[1])
		return nil
	}
	c.Out.Status("PONG")
	return nil
}

// selectCommand is how the log says which database its effects concern, too: C has no connection then.
func selectCommand(c *Ctx) error {
	n, err := c.Int32(1)
	if err != nil {
		return err
	}
	db, err := c.S.database(n)
	if err != nil {
		return err
	}
	c.C.db = db
	c.Out.OK()
	return nil
}

// database returns a database by its number.
func (s *Server) database(n int64) (*store.DB, error) {
	if n < 0 || n >= int64(len(s.Store.DBs)) {
		return nil, resp.ErrDBIndex
	}
	return s.Store.DBs[n], nil
}

// Int32 parses argument i as an integer of 32 bits.
func (c *Ctx) Int32(i int) (int64, error) {
	n, err := c.Int(i)
	if err == nil && n != int64(int32(n)) {
		err = resp.ErrRange(math.MinInt32, math.MaxInt32)
	}
	return n, err
}

// quitCommand ends the connection once the reply is sent.
func quitCommand(c *Ctx) error {
	c.C.flags |= closing
	c.Out.OK()
	return nil
}

// resetCommand makes the connection what it was when it opened.
func resetCommand(c *Ctx) error {
	c.C.reset()
	c.Out.Status("RESET")
	return nil
}

// reset forgets all state of the connection.
func (c *Client) reset() {
	c.s.leave(c)
	c.db = c.s.Store.DBs[0]
	c.Out.Proto = 2
	c.name = ""
	c.flags &^= replyOff | replySkip | replySkipNext
	c.s.initAuth(c)
}
