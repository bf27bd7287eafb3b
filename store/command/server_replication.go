package command

import "spindle/resp"

// Replication, as far as a server without it can answer: it is a master that has no replicas and takes none.

var replicationCommands = []*Command{
	{Name: "failover", Arity: -1, Flags: Admin | NoScript | Stale, Group: "server", Since: "6.2.0", Complexity: "O(1)",
		Syntax:  "[TO=target(host port:integer [FORCE])] [ABORT] [TIMEOUT=milliseconds:integer]",
		Summary: "Start a coordinated failover between this server and one of its replicas.", Run: failoverCommand},
	{Name: "psync", Arity: -3, Flags: Admin | NoScript | NoAsyncLoading | NoMulti, Group: "server", Since: "2.8.0",
		Syntax: "replicationid offset:integer", Summary: "Internal command used for replication", Run: psyncCommand},
	{Name: "replconf", Arity: -1, Flags: Admin | NoScript | Loading | Stale | AllowBusy, Group: "server", Since: "3.0.0",
		Complexity: "O(1)", Deprecated: true, Summary: "An internal command for configuring the replication stream",
		Run: replconfCommand},
	{Name: "replicaof", Arity: 3, Flags: Admin | NoScript | Stale | NoAsyncLoading, Group: "server", Since: "5.0.0",
		Complexity: "O(1)", Syntax: "args(host-port(host port:integer)|no-one(NO ONE))",
		Summary: "Make the server a replica of another instance, or promote it as master.", Run: replicaofCommand},
	{Name: "role", Arity: 1, Flags: NoScript | Loading | Stale | Fast, Group: "server", Since: "2.8.12",
		Categories: CatAdmin | CatDangerous, Complexity: "O(1)",
		Summary: "Return the role of the instance in the context of replication", Run: roleCommand},
	{Name: "slaveof", Arity: 3, Flags: Admin | NoScript | Stale | NoAsyncLoading, Group: "server", Since: "1.0.0",
		Complexity: "O(1)", Deprecated: true, DeprecatedSince: "5.0.0", ReplacedBy: "`REPLICAOF`",
		Syntax:  "args(host-port(host port:integer)|no-one(NO ONE))",
		Summary: "Make the server a replica of another instance, or promote it as master.", Run: slaveofCommand},
	{Name: "sync", Arity: 1, Flags: Admin | NoScript | NoAsyncLoading | NoMulti, Group: "server", Since: "1.0.0",
		Summary: "Internal command used for replication", Run: syncCommand},
}

func roleCommand(c *Ctx) error {
	c.Out.Array(3)
	c.Out.BulkString("master")
	c.Out.Int(0)
	c.Out.EmptyArray()
	return nil
}

// replicaofCommand accepts NO ONE, which is how things are.
func replicaofCommand(c *Ctx) error {
	if isToken(c.Args[1], "NO") && isToken(c.Args[2], "ONE") {
		c.Out.OK()
		return nil
	}
	if port, ok := resp.ParseInt(c.Args[2]); !ok || port < 0 || port > 65535 {
		return resp.ErrMasterPort
	}
	return resp.ErrNoReplication
}

func slaveofCommand(c *Ctx) error { return replicaofCommand(c) }

func psyncCommand(c *Ctx) error {
	if _, err := c.Int(2); err != nil {
		return err
	}
	return resp.ErrNoReplication
}

func syncCommand(c *Ctx) error { return resp.ErrNoReplication }

func replconfCommand(c *Ctx) error {
	if len(c.Args)%2 == 0 {
		return resp.ErrSyntax
	}
	return resp.ErrNoReplication
}

func failoverCommand(c *Ctx) error {
	abort := false
	for a := c.Options(1); a.More(); {
		var err error
		switch {
		case a.Token("ABORT"):
			abort = true
		case a.TokenWith("TIMEOUT", 1):
			_, err = a.Int()
		case a.TokenWith("TO", 2):
			a.Next()
			_, err = a.Int()
		case a.Token("FORCE"):
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return err
		}
	}
	if abort {
		return resp.ErrNoFailover
	}
	return resp.ErrFailoverReplicas
}
