package command

import (
	"errors"

	"spindle/aof/rdb"
	"spindle/store"
	"spindle/store/stream"
)

// Streams in RDB form: nodes as they are, then the rest. See rdb_save.go and rdb_load.go.

func rdbID(id stream.ID) rdb.StreamID { return rdb.StreamID{Ms: id.Ms, Seq: id.Seq} }

// rdbStream writes a stream whose type byte has been written.
func rdbStream(w *rdb.Writer, s *stream.Stream) {
	w.Begin(rdb.TypeStream, s.Nodes())
	s.Visit(&rdbStreamWriter{w: w})
}

// rdbStreamWriter is a stream.Visitor that writes what it is given.
type rdbStreamWriter struct {
	w         *rdb.Writer
	pending   int // of the running group, still to come
	consumers int
}

func (v *rdbStreamWriter) Node(id stream.ID, lp []byte) {
	v.w.Item(&rdb.Item{Op: rdb.ItemStreamNode, ID: rdbID(id), Key: lp})
}

func (v *rdbStreamWriter) Meta(m stream.Meta) {
	v.w.Item(&rdb.Item{Op: rdb.ItemStreamMeta, Count: uint64(m.Groups), Meta: rdb.StreamMeta{Length: uint64(m.Entries),
		Last: rdbID(m.Last), First: rdbID(m.First), MaxDeleted: rdbID(m.MaxDeleted), Added: m.Added}})
}

func (v *rdbStreamWriter) Group(g stream.GroupState) {
	v.w.Item(&rdb.Item{Op: rdb.ItemGroup, Key: []byte(g.Name), ID: rdbID(g.Last), Read: g.Read, Count: uint64(g.Pending)})
	v.pending, v.consumers = g.Pending, g.Consumers
	v.beginConsumers()
}

// beginConsumers writes the number of consumers once all pending entries are there.
func (v *rdbStreamWriter) beginConsumers() {
	if v.pending == 0 {
		v.w.Item(&rdb.Item{Op: rdb.ItemConsumers, Count: uint64(v.consumers)})
	}
}

func (v *rdbStreamWriter) Pending(p stream.PendingState) {
	v.w.Item(&rdb.Item{Op: rdb.ItemPending, ID: rdbID(p.ID), Time: p.Time, Deliveries: p.Deliveries})
	v.pending--
	v.beginConsumers()
}

func (v *rdbStreamWriter) Consumer(c stream.ConsumerState) {
	v.w.Item(&rdb.Item{Op: rdb.ItemConsumer, Key: []byte(c.Name), Time: c.Seen, Count: uint64(c.Owned)})
}

func (v *rdbStreamWriter) Owned(id stream.ID) {
	v.w.Item(&rdb.Item{Op: rdb.ItemOwned, ID: rdbID(id)})
}

var (
	errNodeOrder  = errors.New("the nodes of a stream are out of order")
	errStreamLen  = errors.New("a stream has not as many entries as it says")
	errUnowned    = errors.New("what is pending and what consumers own differ")
	errNameTwice  = errors.New("a group or a consumer is there twice")
	errPendingIDs = errors.New("an entry is pending twice")
)

// streamReader collects a stream. Pending entries come before their consumers.
type streamReader struct {
	s       *stream.Stream
	partial bool // from before 7.0
	g       *stream.Group
	m       *stream.Consumer // of g
}

func (c *Ctx) readStream(r *rdb.Reader) (loadedValue, error) {
	b := streamReader{s: stream.New(c.S.Store.Mem)}
	for {
		ok, err := r.NextItem()
		switch {
		case err == nil && ok:
			err = b.item(&r.Item)
		case err == nil:
			err = b.endGroup()
		}
		if err != nil {
			c.S.Store.Drop(b.s)
			return nil, err
		}
		if !ok {
			return objectValue{c.S.Store, store.Stream, store.StreamLog, b.s}, nil
		}
	}
}

func (b *streamReader) item(it *rdb.Item) error {
	id := stream.ID{Ms: it.ID.Ms, Seq: it.ID.Seq}
	switch it.Op {
	case rdb.ItemStreamNode:
		if !b.s.Load(id, it.Key) {
			return errNodeOrder
		}
	case rdb.ItemStreamMeta:
		return b.meta(&it.Meta)
	case rdb.ItemGroup:
		return b.group(it.Key, id, it.Read)
	case rdb.ItemPending:
		if !b.g.LoadPending(id, it.Time, it.Deliveries) {
			return errPendingIDs
		}
	case rdb.ItemConsumer:
		if b.m = b.g.CreateConsumer(it.Key, it.Time); b.m == nil {
			return errNameTwice
		}
	case rdb.ItemOwned:
		if !b.g.LoadOwner(id, b.m) {
			return errUnowned
		}
	}
	return nil
}

func (b *streamReader) meta(m *rdb.StreamMeta) error {
	s := b.s
	if uint64(s.Entries()) != m.Length {
		return errStreamLen
	}
	s.Last = stream.ID{Ms: m.Last.Ms, Seq: m.Last.Seq}
	s.Added = m.Added
	b.partial = m.Partial
	if m.Partial {
		s.FindFirst()
		return nil
	}
	s.First = stream.ID{Ms: m.First.Ms, Seq: m.First.Seq}
	s.MaxDeleted = stream.ID{Ms: m.MaxDeleted.Ms, Seq: m.MaxDeleted.Seq}
	return nil
}

func (b *streamReader) group(name []byte, last stream.ID, read int64) error {
	if err := b.endGroup(); err != nil {
		return err
	}
	if b.partial {
		read = b.s.ReadUpTo(last)
	}
	if b.g = b.s.CreateGroup(name, last, read); b.g == nil {
		return errNameTwice
	}
	return nil
}

// endGroup checks that all that is pending has found its consumer.
func (b *streamReader) endGroup() error {
	if b.g != nil && !b.g.Loaded() {
		return errUnowned
	}
	return nil
}
