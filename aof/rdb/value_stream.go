package rdb

import "encoding/binary"

// A stream: nodes, then its facts, then groups. Each step function reads one
// item and names the step that follows.

func (r *Reader) stepStreamNode() (ok bool, err error) {
	if !r.more() {
		return r.stepStreamMeta()
	}
	if r.val, err = r.string(r.val); err != nil {
		return false, err
	}
	if len(r.val) != 16 {
		return false, r.corrupt("stream node with an id of %d bytes", len(r.val))
	}
	if r.key, err = r.string(r.key); err != nil {
		return false, err
	}
	if err = CheckStreamNode(r.key); err != nil {
		return false, r.corrupt("%v", err)
	}
	id := StreamID{binary.BigEndian.Uint64(r.val), binary.BigEndian.Uint64(r.val[8:])}
	r.Item = Item{Op: ItemStreamNode, ID: id, Key: r.key}
	return true, nil
}

func (r *Reader) stepStreamMeta() (ok bool, err error) {
	r.Item = Item{Op: ItemStreamMeta}
	m := &r.Item.Meta
	if m.Length, err = r.length(); err != nil {
		return false, err
	}
	if m.Last, err = r.lengthID(); err != nil {
		return false, err
	}
	if r.value.typ == TypeStream1 {
		m.Partial, m.Added = true, m.Length
	} else {
		if m.First, err = r.lengthID(); err != nil {
			return false, err
		}
		if m.MaxDeleted, err = r.lengthID(); err != nil {
			return false, err
		}
		if m.Added, err = r.length(); err != nil {
			return false, err
		}
	}
	if r.value.groups, err = r.length(); err != nil {
		return false, err
	}
	if m.Length > 0 && r.value.count == 0 {
		return false, r.corrupt("stream of %d entries without nodes", m.Length)
	}
	r.Item.Count = r.value.groups
	r.value.step = (*Reader).stepGroup
	return true, nil
}

func (r *Reader) stepGroup() (ok bool, err error) {
	if r.value.groups == 0 {
		return false, nil
	}
	r.value.groups--
	if r.key, err = r.string(r.key); err != nil {
		return false, err
	}
	r.Item = Item{Op: ItemGroup, Key: r.key, Read: -1}
	if r.Item.ID, err = r.lengthID(); err != nil {
		return false, err
	}
	if r.value.typ != TypeStream1 {
		n, err := r.length()
		if err != nil {
			return false, err
		}
		r.Item.Read = int64(n)
	}
	if r.value.left, err = r.length(); err != nil {
		return false, err
	}
	r.Item.Count = r.value.left
	r.value.step = (*Reader).stepPending
	return true, nil
}

func (r *Reader) stepPending() (ok bool, err error) {
	if !r.more() {
		return r.stepConsumers()
	}
	r.Item = Item{Op: ItemPending}
	if r.Item.ID, err = r.streamID(); err != nil {
		return false, err
	}
	if r.Item.Time, err = r.millis(); err != nil {
		return false, err
	}
	r.Item.Deliveries, err = r.length()
	return true, err
}

func (r *Reader) stepConsumers() (ok bool, err error) {
	r.value.consumers, err = r.length()
	r.Item = Item{Op: ItemConsumers, Count: r.value.consumers}
	r.value.step = (*Reader).stepConsumer
	return true, err
}

func (r *Reader) stepConsumer() (ok bool, err error) {
	if r.value.consumers == 0 {
		return r.stepGroup()
	}
	r.value.consumers--
	if r.key, err = r.string(r.key); err != nil {
		return false, err
	}
	r.Item = Item{Op: ItemConsumer, Key: r.key}
	if r.Item.Time, err = r.millis(); err != nil {
		return false, err
	}
	r.Item.Active = r.Item.Time
	if r.value.typ == TypeStream3 {
		if r.Item.Active, err = r.millis(); err != nil {
			return false, err
		}
	}
	if r.value.left, err = r.length(); err != nil {
		return false, err
	}
	r.Item.Count = r.value.left
	r.value.step = (*Reader).stepOwned
	return true, nil
}

func (r *Reader) stepOwned() (ok bool, err error) {
	if !r.more() {
		return r.stepConsumer()
	}
	r.Item = Item{Op: ItemOwned}
	r.Item.ID, err = r.streamID()
	return true, err
}
