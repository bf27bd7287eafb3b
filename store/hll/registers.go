package hll

import "encoding/binary"

// Registers is a value unpacked, one byte a register: what PFMERGE and PFCOUNT of
// several keys collect into. The zero value has seen nothing. It is 16 KB; keep one
// for reuse (Reset) or let it live on the stack.
type Registers [RegisterCount]byte

// Reset forgets everything.
func (r *Registers) Reset() { *r = Registers{} }

// Merge raises each register to that of the value b. After an error the registers
// are of no use.
func (r *Registers) Merge(b []byte) error {
	if IsDense(b) {
		r.mergeDense(b[headerSize:DenseSize])
		return nil
	}
	index := 0
	for p := headerSize; p < len(b); p++ {
		value, span := values[b[p]], int(spans[b[p]])
		if span == 0 {
			span = opAt(b, p).span
			p++
		}
		if span == 0 || index+span > RegisterCount {
			return ErrCorrupt
		}
		if value != 0 {
			for i := range span {
				r[index+i] = max(r[index+i], value)
			}
		}
		index += span
	}
	if index != RegisterCount {
		return ErrCorrupt
	}
	return nil
}

// mergeDense works on eight registers at a time, in one word.
func (r *Registers) mergeDense(b []byte) {
	i := 0
	for ; len(b) > 8; b = b[6:] {
		r.raiseEight(i, binary.LittleEndian.Uint64(b))
		i += 8
	}
	var last [8]byte
	copy(last[:], b[:6])
	r.raiseEight(i, binary.LittleEndian.Uint64(last[:]))
}

func (r *Registers) raiseEight(i int, packed uint64) {
	word := r[i : i+8]
	binary.LittleEndian.PutUint64(word, maxBytes(binary.LittleEndian.Uint64(word), unpackEight(packed)))
}

// pack writes the registers in the dense form over b.
func (r *Registers) pack(b []byte) {
	for i := 0; i < RegisterCount; i += 8 {
		w := packEight(binary.LittleEndian.Uint64(r[i:]))
		at := i / 8 * 6
		binary.LittleEndian.PutUint32(b[at:], uint32(w))
		binary.LittleEndian.PutUint16(b[at+4:], uint16(w>>32))
	}
}

// Count estimates the number of elements seen.
func (r *Registers) Count() uint64 {
	var h histogram
	for i := 0; i < RegisterCount; i += 8 {
		if eight := binary.LittleEndian.Uint64(r[i:]); eight != 0 {
			h.addEight(packEight(eight))
		} else { // the most, in a union of sparse values
			h[0][0] += 8
		}
	}
	return h.estimate()
}

// MergeInto stores the registers in the value b, which must be among those merged
// into r: PFMERGE's destination. It ends dense if toDense, which holds if any of the
// merged values was dense. The cached count becomes stale.
func (r *Registers) MergeInto(b []byte, toDense bool, sparseMax int) ([]byte, error) {
	if toDense {
		var err error
		if b, err = ToDense(b); err != nil {
			return b, err
		}
	}
	c := start()
	for i := 0; i < RegisterCount && !IsDense(b); i++ {
		if r[i] == 0 {
			continue
		}
		var err error
		if b, _, err = sparseSet(b, i, r[i], sparseMax, &c); err != nil {
			return b, err
		}
		c.again()
	}
	if IsDense(b) {
		r.pack(b[headerSize:])
	}
	Invalidate(b)
	return b, nil
}

// unpackEight spreads eight values of six bits over the bytes of a word, by
// halves.
func unpackEight(w uint64) uint64 {
	w = w&0x0000000000FFFFFF | w&0x0000FFFFFF000000<<8
	w = w&0x00000FFF00000FFF | w&0x00FFF00000FFF000<<4
	return w&0x003F003F003F003F | w&0x0FC00FC00FC00FC0<<2
}

// packEight undoes unpackEight.
func packEight(w uint64) uint64 {
	w = w&0x003F003F003F003F | w>>2&0x0FC00FC00FC00FC0
	w = w&0x00000FFF00000FFF | w>>4&0x00FFF00000FFF000
	return w&0x0000000000FFFFFF | w>>8&0x0000FFFFFF000000
}

// maxBytes returns the larger of each pair of bytes, which are below 128.
func maxBytes(a, b uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	mask := ((a | tops) - b) >> 7 & ones * 0xFF // all ones where a >= b
	return a&mask | b&^mask
}
