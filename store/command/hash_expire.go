package command

import (
	"math"

	"spindle/store"
	"spindle/store/hash"
)

// Expired fields are not seen from the moment on; they are removed when a command comes across their hash, and
// by ExpireFields.

var hdelName = []byte("HDEL")

// settleFields prepares the hash k, which may be missing, for a command: it sets the time of the look and removes
// fields that have expired, as far as that is quick. k is missing afterwards if none is left.
func (c *Ctx) settleFields(k *store.Key, name []byte) {
	m := hashMap(k)
	if m == nil || m.Expiring() == 0 {
		return
	}
	if c.S.Store.Expired == nil {
		m.Look(math.MinInt64)
		return
	}
	m.Look(c.Now())
}

// reapField removes a field that has expired, before it is created again.
func (c *Ctx) reapField(m *hash.Map, name, field []byte) {
	if m.Expired(field) {
		m.Delete(field)
		c.PropagateAlso(hdelName, name, field)
	}
}

// propagateIncrByFloat logs the result of HINCRBYFLOAT, since other machines may compute another.
func (c *Ctx) propagateIncrByFloat(k *store.Key, pair [][]byte) {
	c.Propagate(hsetName, c.Args[1], pair[0], pair[1])
}
