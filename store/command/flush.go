package command

import (
	"spindle/resp"
	"spindle/store"
)

// Commands on whole databases.

var databaseCommands = []*Command{
	{Name: "dbsize", Arity: 1, Flags: ReadOnly | Fast, Group: "server", Since: "1.0.0", Categories: CatKeyspace, Complexity: "O(1)",
		Tips: []string{"request_policy:all_shards", "response_policy:agg_sum"}, Summary: "Return the number of keys in the selected database", Run: dbsizeCommand},
	{Name: "flushall", Arity: -1, Flags: Write, Group: "server", Since: "1.0.0", Categories: CatKeyspace | CatDangerous, Complexity: "O(N) where N is the total number of keys in all databases",
		Tips:    []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		History: []Change{{"4.0.0", "Added the `ASYNC` flushing mode modifier."}, {"6.2.0", "Added the `SYNC` flushing mode modifier."}},
		Syntax:  "[async(ASYNC@4.0.0|SYNC@6.2.0)]", Summary: "Remove all keys from all databases", Run: flushallCommand},
	{Name: "flushdb", Arity: -1, Flags: Write, Group: "server", Since: "1.0.0", Categories: CatKeyspace | CatDangerous, Complexity: "O(N) where N is the number of keys in the selected database",
		Tips:    []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		History: []Change{{"4.0.0", "Added the `ASYNC` flushing mode modifier."}, {"6.2.0", "Added the `SYNC` flushing mode modifier."}},
		Syntax:  "[async(ASYNC@4.0.0|SYNC@6.2.0)]", Summary: "Remove all keys from the current database", Run: flushdbCommand},
	{Name: "swapdb", Arity: 3, Flags: Write | Fast, Group: "server", Since: "4.0.0", Categories: CatKeyspace | CatDangerous, Complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.",
		Syntax: "index1:integer index2:integer", Summary: "Swaps two Redis databases", Run: swapdbCommand},
}

func dbsizeCommand(c *Ctx) error {
	c.Out.Int(int64(c.DB.Len()))
	return nil
}

func flushallCommand(c *Ctx) error { return c.flush(c.S.Store.DBs...) }

func flushdbCommand(c *Ctx) error { return c.flush(c.DB) }

// flush empties databases. SYNC and ASYNC are the same here: the keys are gone at once, and their memory follows in slices.
func (c *Ctx) flush(dbs ...*store.DB) error {
	if len(c.Args) > 2 || len(c.Args) == 2 && !isToken(c.Args[1], "ASYNC") && !isToken(c.Args[1], "SYNC") {
		return resp.ErrSyntax
	}
	c.S.flush(c.C, dbs)
	c.changes++
	c.Out.OK()
	return nil
}

// flush empties databases for a client.
func (s *Server) flush(by *Client, dbs []*store.DB) {
	s.flushedDuringRewrite()
	for _, db := range dbs {
		s.Flushing(db)
		db.Flush()
	}
	s.Flushed(by)
	s.pump.add(s.cron.reclaim)
}

func swapdbCommand(c *Ctx) error {
	a, err := c.database(1, resp.ErrDBIndexFirst)
	if err != nil {
		return err
	}
	b, err := c.database(2, resp.ErrDBIndexSecond)
	if err != nil {
		return err
	}
	c.S.Swap(a, b)
	c.changes++
	c.Out.OK()
	return nil
}

// database parses argument i as the number of a database; notNumber is the error for what is no number.
func (c *Ctx) database(i int, notNumber resp.Error) (*store.DB, error) {
	n, ok := resp.ParseInt(c.Args[i])
	if !ok || n < -1<<31 || n >= 1<<31 {
		return nil, notNumber
	}
	if n < 0 || n >= int64(len(c.S.Store.DBs)) {
		return nil, resp.ErrDBIndex
	}
	return c.S.Store.DBs[n], nil
}
