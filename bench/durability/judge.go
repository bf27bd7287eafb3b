package durability

import (
	"time"

	"spindle/bench/client"
)

// judge compares what came back with what was sent and acknowledged.
func (r *run) judge(cycle int, killed time.Time, writers []*writer) error {
	c, err := client.Dial(r.server.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	lost := int64(0)
	for _, w := range writers {
		n, err := r.judgeOne(c, killed, w)
		if err != nil {
			return err
		}
		lost += n
	}
	r.result.Lost += lost
	r.result.MaxLost = max(r.result.MaxLost, lost)
	return r.checkBallast(c)
}

// judgeOne returns how many acknowledged commands of one connection are lost,
// or a *Violation if they should not be.
func (r *run) judgeOne(c *client.Conn, killed time.Time, w *writer) (int64, error) {
	back, err := w.recovered(c)
	if err != nil {
		return 0, err
	}
	r.result.Acked += w.acked
	r.result.Recovered += back
	if limit := w.sent * int64(len(w.probes)); back > limit {
		return 0, violation("%s: %d commands came back, %d were sent", w.prefix, back, limit)
	}
	lost := max(w.acked-back, 0)
	if lost == 0 {
		return 0, nil
	}
	if at, ok := w.ackedAt(back + 1); ok {
		r.result.MaxLostAge = max(r.result.MaxLostAge, killed.Sub(at))
	}
	must := w.acked
	if r.Policy == "everysec" {
		must = w.ackedBefore(killed.Add(-MaxLoss))
	}
	if back < must {
		return lost, violation("%s: %d commands came back, %d were acknowledged and %d had to be there", w.prefix, back, w.acked, must)
	}
	return lost, nil
}

// recovered is how many of the connection's commands came back, counted in the
// order in which it sent them: a number of whole rounds over the probes and a
// part of one. It fails if they are no prefix.
func (w *writer) recovered(c *client.Conn) (total int64, err error) {
	first, last := int64(0), int64(0)
	for i := range w.probes {
		p := &w.probes[i]
		n, err := p.count(c, p.key(w.prefix))
		if err != nil {
			return 0, err
		}
		if i == 0 {
			first, last = n, n
		}
		if n > last || n < first-1 {
			return 0, violation("%s has seen %d writes, the probe before it %d, the first %d", p.key(w.prefix), n, last, first)
		}
		last = n
		total += n
	}
	return total, nil
}
