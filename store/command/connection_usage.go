package command

import "unsafe"

// usage is what a client takes of the server's memory, in bytes.
type usage struct {
	query, queryFree int64 // input that is not executed yet, and the room behind it
	args             int64 // arguments of the command that runs or waits
	reply, replyRoom int64 // replies of the current event, and their buffer, which the client borrows while it runs
	pending          int64 // replies that the kernel has not taken, or that wait for the log
	pendingParts     int64 // in so many pieces
	multi            int64 // commands that wait for EXEC
	other            int64
}

func (u *usage) total() int64 {
	return u.query + u.queryFree + u.args + u.replyRoom + u.pending + u.multi + u.other
}

func (c *Client) usage() usage {
	u := usage{
		query:     int64(c.parser.Buffered() + c.parser.CommandBytes()),
		reply:     int64(len(c.Out.Buf)),
		replyRoom: int64(cap(c.Out.Buf)),
		multi:     c.multi.size(),
		pending:   int64(c.conn.Pending() + len(c.held.buf)),
		other:     int64(unsafe.Sizeof(*c)) + int64(len(c.name)+len(c.libName)+len(c.libVersion)),
	}
	u.queryFree = max(int64(c.parser.Capacity())-u.query, 0)
	if u.pending > 0 {
		u.pendingParts = int64(max(len(c.held.parts), 1))
	}
	args := c.postponed
	if c.waiter != nil {
		args = c.waiter.args
	}
	if x := &c.s.unit.ctx; args == nil && c.s.unit.depth > 0 && x.C == c {
		args = x.Args
	}
	for _, a := range args {
		u.args += int64(len(a))
	}
	return u
}
