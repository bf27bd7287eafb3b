package command

import "strconv"

// setExpire gives an existing key an expiry in Unix milliseconds and logs a PEXPIREAT.
func (c *Ctx) setExpire(key []byte, at int64) {
	k := c.DB.FindForWrite(key)
	k.SetExpire(at)
	c.Changed(ClassGeneric, "expire", key)
	var room digits
	c.Propagate(wordPexpireat, key, strconv.AppendInt(room[:0], at, 10))
}

// persist takes the expiry of an existing key away and logs a PERSIST.
func (c *Ctx) persist(key []byte) {
	k := c.DB.FindForWrite(key)
	k.SetExpire(0)
	c.Changed(ClassGeneric, "persist", key)
	c.Propagate(wordPersist, key)
}
