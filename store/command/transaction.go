package command

import (
	"spindle/resp"
	"spindle/store/acl"
	"spindle/store/script"
)

// MULTI and EXEC. Between the two commands are checked as ever, but kept instead of run; EXEC runs them as one unit (see
// nested.go). A command that was refused, or a change to a watched key (watch.go), has EXEC run none of them.

var transactionCommands = []*Command{
	{Name: "discard", Arity: 1, Flags: NoScript | Loading | Stale | Fast | AllowBusy | Immediate, Group: "transactions", Since: "2.0.0",
		Categories: CatTransaction, Complexity: "O(N), when N is the number of queued commands",
		Summary: "Discard all commands issued after MULTI", Run: discardCommand},
	{Name: "exec", Arity: 1, Flags: NoScript | Loading | Stale | SkipSlowlog | Immediate | RunsQueue, Group: "transactions",
		Since: "1.2.0", Categories: CatTransaction, Complexity: "Depends on commands in the transaction",
		Summary: "Execute all commands issued after MULTI", Run: execCommand},
	{Name: "multi", Arity: 1, Flags: NoScript | Loading | Stale | Fast | AllowBusy | Immediate, Group: "transactions", Since: "1.2.0",
		Categories: CatTransaction, Complexity: "O(1)", Summary: "Mark the start of a transaction block", Run: multiCommand},
	{Name: "unwatch", Arity: 1, Flags: NoScript | Loading | Stale | Fast | AllowBusy, Group: "transactions", Since: "2.2.0",
		Categories: CatTransaction, Complexity: "O(1)", Summary: "Forget about all watched keys", Run: unwatchCommand},
	{Name: "watch", Arity: -2, Flags: NoScript | Loading | Stale | Fast | AllowBusy | Immediate,
		Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(RO)}, Group: "transactions", Since: "2.2.0", Categories: CatTransaction,
		Complexity: "O(1) for every key.", Syntax: "key...",
		Summary: "Watch the given keys to determine execution of the MULTI/EXEC block", Run: watchCommand},
}

// transaction is what a client has said since MULTI.
type transaction struct {
	queue  []queued
	bytes  int64 // of the arguments
	failed bool  // a command was refused: EXEC aborts

	any, lacking Flags // flags that one queued command has, and that one lacks
}

// queued is a command that waits for EXEC. The arguments are its own.
type queued struct {
	cmd  *Command
	args [][]byte
}

// flagsOf returns the flags a command is judged by: EXEC does what the commands in the queue do, and a script what it says that it does.
func (c *Client) flagsOf(cmd *Command, args [][]byte) Flags {
	f := cmd.Flags
	if f&RunsQueue != 0 && c.multi != nil {
		f |= c.multi.any & (Write | DenyOOM | MayReplicate | RunsScripts)
		f &^= c.multi.lacking & Loading
	}
	if f&RunsScripts != 0 && f&RunsQueue == 0 {
		if declared := c.s.scriptFlags(cmd, args); declared&script.CompatMode == 0 {
			f = declaredFlags(f, declared)
		}
	}
	return f
}

// checkInMulti refuses what cannot stand in a transaction.
func (s *Server) checkInMulti(c *Client, cmd *Command, args [][]byte) error {
	if cmd.Flags&NoMulti != 0 {
		return resp.ErrInMulti
	}
	return nil
}

// checkQueue is the last stage: inside MULTI commands are kept, not run.
func (s *Server) checkQueue(c *Client, cmd *Command, args [][]byte) error {
	if cmd.Flags&Immediate != 0 {
		return nil
	}
	if !c.multi.failed && c.flags&dirtyWatch == 0 { // otherwise EXEC will not run them
		c.multi.add(cmd, args)
	}
	s.stats.Commands-- // it is counted when it runs
	c.Out.Status("QUEUED")
	return errPostponed
}

func (t *transaction) add(cmd *Command, args [][]byte) {
	q := queued{cmd, copyArgs(args)}
	for _, a := range q.args {
		t.bytes += int64(len(a))
	}
	t.queue = append(t.queue, q)
	t.any |= cmd.Flags
	t.lacking |= ^cmd.Flags
}

// copyArgs copies arguments that have to outlive the input they are in.
func copyArgs(args [][]byte) [][]byte {
	n := 0
	for _, a := range args {
		n += len(a)
	}
	own, buf := make([][]byte, len(args)), make([]byte, 0, n)
	for i, a := range args {
		buf = append(buf, a...)
		own[i] = buf[len(buf)-len(a) : len(buf) : len(buf)]
	}
	return own
}

// len is the number of queued commands, -1 outside MULTI.
func (t *transaction) len() int64 {
	if t == nil {
		return -1
	}
	return int64(len(t.queue))
}

// size is the memory that the queue takes.
func (t *transaction) size() int64 {
	if t == nil {
		return 0
	}
	return t.bytes + int64(cap(t.queue))*queuedBytes
}

// queuedBytes is the size of a queue entry.
const queuedBytes = 32

// failTransaction has EXEC abort: a command was refused.
func (c *Client) failTransaction(cmd *Command) {
	if cmd != nil && cmd.Flags&RunsQueue != 0 {
		c.endTransaction()
		return
	}
	c.multi.failed = true
}

// endTransaction forgets the queue and the watched keys.
func (c *Client) endTransaction() {
	c.multi = nil
	c.gates &^= gateMulti
	c.s.unwatch(c)
}

func multiCommand(c *Ctx) error {
	if c.C.multi != nil {
		return resp.ErrNestedMulti
	}
	c.C.multi = &transaction{}
	c.C.gates |= gateMulti
	c.Out.OK()
	return nil
}

func discardCommand(c *Ctx) error {
	if c.C.multi == nil {
		return resp.ErrDiscardWithoutMulti
	}
	c.C.endTransaction()
	c.Out.OK()
	return nil
}

func execCommand(c *Ctx) error {
	s, client := c.S, c.C
	t := client.multi
	if t == nil {
		return resp.ErrExecWithoutMulti
	}
	defer client.endTransaction()
	switch {
	case t.failed:
		return resp.ErrExecAbort
	case client.flags&dirtyWatch != 0 || s.watchedExpired(client):
		c.Out.NullArray()
		return nil
	}
	s.unwatch(client) // what the commands change need not be compared with it
	c.Out.Array(len(t.queue))
	for _, q := range t.queue {
		if d := s.permit(client, q.cmd, q.args); d != nil { // the user may have changed since
			s.noteDenial(client, acl.Multi, d)
			s.replyError(client, d.inExec())
			continue
		}
		if err := s.Call(client, q.cmd, q.args, c.Out); err != nil {
			s.replyError(client, err)
		}
	}
	return nil
}

// takesMemory reports whether a command is refused when memory is short: inside MULTI all are, for queueing takes memory, too.
func (c *Client) takesMemory(cmd *Command, args [][]byte) bool {
	return c.flagsOf(cmd, args)&DenyOOM != 0 || c.multi != nil && (cmd.Flags&Immediate == 0 || cmd.Name == "multi" || cmd.Name == "watch")
}
