package command

import (
	"math"

	"spindle/resp"
	"spindle/store"
)

// The connection: who the client is, which database and protocol it uses. connection_client.go has CLIENT.

var connectionCommands = []*Command{
	{
		Name: "echo", Arity: 2, Flags: Loading | Stale | Fast, Group: "connection", Since: "1.0.0",
		Categories: CatConnection, Complexity: "O(1)", Syntax: "message", Summary: "Echo the given string",
		Run: echoCommand,
	},
	{
		Name: "ping", Arity: -1, Flags: Fast, Group: "connection", Since: "1.0.0", Categories: CatConnection,
		Complexity: "O(1)", Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Syntax: "[message]", Summary: "Ping the server",
		Run: pingCommand,
	},
	{
		Name: "select", Arity: 2, Flags: Loading | Stale | Fast, Group: "connection", Since: "1.0.0",
		Categories: CatConnection, Complexity: "O(1)", Syntax: "index:integer",
		Summary: "Change the selected database for the current connection",
		Run:     selectCommand,
	},
}

func echoCommand(c *Ctx) error {
	c.Out.Bulk(c.Args[1])
	return nil
}

func pingCommand(c *Ctx) error {
	if len(c.Args) > 2 {
		return resp.ErrWrongArity(c.Cmd.full)
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
