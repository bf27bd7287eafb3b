package command

// heldReplies are replies that may only be sent once the log is durable up to an offset: under appendfsync
// always a reply says that what it tells of is on disk.
type heldReplies struct {
	buf   []byte
	parts []heldPart
}

type heldPart struct {
	offset int64 // of the log
	bytes  int
}

// mustHold reports whether replies made when the log had come to offset logged have to wait. While writes are refused
// because the log failed, replies tell of no new ones: reads, and the refusals, go on.
func (s *Server) mustHold(c *Client, logged int64) bool {
	return s.gateReplies && s.Log != nil && (len(c.held.parts) > 0 || s.gates&gateDisk == 0 && logged > s.Log.Durable())
}

// add appends replies that wait for offset.
func (h *heldReplies) add(c *Client, replies []byte, offset int64) {
	if len(h.parts) == 0 {
		c.conn.Hold()
		c.s.holding = append(c.s.holding, c)
	}
	h.buf = append(h.buf, replies...)
	h.parts = append(h.parts, heldPart{offset, len(replies)})
	if len(h.buf) > outputBound {
		c.flags |= waitDurable
	}
}

// releaseHeld sends what had to wait for the log, as far as it has become durable. It runs on the loop.
func (s *Server) releaseHeld() {
	durable := int64(1<<63 - 1)
	if s.Log != nil && s.gateReplies {
		durable = s.Log.Durable()
	}
	waiting := s.holding[:0]
	var resume []*Client
	for _, c := range s.holding {
		if c.held.release(c, durable) {
			if c.flags&waitDurable != 0 {
				resume = append(resume, c)
			}
			continue
		}
		waiting = append(waiting, c)
	}
	clear(s.holding[len(waiting):])
	s.holding = waiting
	for _, c := range resume {
		c.Resume(waitDurable)
	}
}

// release sends the parts up to the durable offset and reports whether none are left.
func (h *heldReplies) release(c *Client, durable int64) bool {
	n, i := 0, 0
	for i < len(h.parts) && h.parts[i].offset <= durable {
		n += h.parts[i].bytes
		i++
	}
	if c.conn == nil {
		return true
	}
	if n > 0 || i > 0 {
		c.conn.Send(h.buf[:n])
	}
	if i < len(h.parts) {
		h.buf = append(h.buf[:0], h.buf[n:]...)
		h.parts = append(h.parts[:0], h.parts[i:]...)
		return false
	}
	*h = heldReplies{}
	c.conn.Release()
	if c.flags&closing != 0 {
		c.conn.CloseAfterFlush()
	} else if c.conn.Pending() > outputBound {
		c.flags |= waitOutput
	}
	return true
}
