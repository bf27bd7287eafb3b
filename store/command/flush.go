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

// flushallCommand has the emptiness written soon, if dumps are written at all. One that is under way is given up, as in Redis.
func flushallCommand(c *Ctx) error {
	if err := c.flush(c.S.Store.DBs...); err != nil {
		return err
	}
	v := &c.S.saving
	v.scheduled = v.scheduled || len(c.S.Config.Save) > 0
	return nil
}

// flushdbCommand has a dump that it stops begin again, over what is left.
func flushdbCommand(c *Ctx) error {
	running := c.S.saving.running
	interrupts := running != nil && !running.ended
	if err := c.flush(c.DB); err != nil {
		return err
	}
	v := &c.S.saving
	v.scheduled = v.scheduled || interrupts
	return nil
}

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
	s.dropSave()
	for _, db := range dbs {
		s.Flushing(db)
		db.Flush()
	}
	s.Flushed(by)
	s.pump.add(s.cron.reclaim)
}

func swapdbCommand(c *Ctx) error {
	a, ok := databaseIndex(c.Args[1])
	if !ok {
		return resp.ErrDBIndexFirst
	}
	b, ok := databaseIndex(c.Args[2])
	if !ok {
		return resp.ErrDBIndexSecond
	}
	dbs := c.S.Store.DBs // both are numbers before either is in range
	if min(a, b) < 0 || max(a, b) >= int64(len(dbs)) {
		return resp.ErrDBIndex
	}
	if a != b { // or nobody's keys change
		c.S.Swap(dbs[a], dbs[b])
	}
	c.changes++
	c.Out.OK()
	return nil
}

// databaseIndex parses the number of a database, which may be out of range.
func databaseIndex(arg []byte) (int64, bool) {
	n, ok := resp.ParseInt(arg)
	return n, ok && n >= -1<<31 && n < 1<<31
}
