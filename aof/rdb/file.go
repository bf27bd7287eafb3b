package rdb

import (
	"encoding/binary"
	"errors"
	"strconv"
)

// RecordOp tells what a Record is.
type RecordOp uint8

// Records of a file.
const (
	RecordAux      RecordOp = iota // Name, Data
	RecordSelectDB                 // DB
	RecordResizeDB                 // Keys, Expires: hints, not facts
	RecordFunction                 // Data: the code of a library
	RecordKey                      // Name is the key; Type and so on; NextItem reads the value
	RecordEOF
)

// ErrNoFunction says that a payload holds something else than function libraries.
var ErrNoFunction = errors.New("rdb: not a function library")

// Function reads the code of the next library of a payload, which is a row of RecordFunction. It is valid until the next call.
func (r *Reader) Function() ([]byte, error) {
	op, err := r.byte()
	if err != nil {
		return nil, err
	}
	if op != opFunction {
		return nil, ErrNoFunction
	}
	r.record.Data, err = r.string(r.record.Data)
	return r.record.Data, err
}

// Record is one entry of a file. Byte slices are valid until the next call of
// the Reader; for RecordKey, until Next.
type Record struct {
	Op      RecordOp
	Name    []byte
	Data    []byte
	DB      uint64
	Keys    uint64
	Expires uint64
	Type    byte
	Expire  int64 // Unix milliseconds; -1: none
	Idle    int64 // seconds since the last access; -1: unknown
	Freq    int   // LFU counter; -1: unknown
}

// Version returns the version that the file claims, after the first Next.
func (r *Reader) Version() int { return r.version }

// Next returns the next record of a file. What is left of the value before is
// skipped. After RecordEOF, whose checksum was right, nothing may be read.
func (r *Reader) Next() (*Record, error) {
	if r.version == 0 {
		if err := r.header(); err != nil {
			return nil, err
		}
	}
	if err := r.Skip(); err != nil {
		return nil, err
	}
	r.dropScratch()
	if cap(r.record.Name) > scratchKeep || cap(r.record.Data) > scratchKeep {
		r.record.Name, r.record.Data = nil, nil
	}
	rec := &r.record
	*rec = Record{Name: rec.Name[:0], Data: rec.Data[:0], Expire: -1, Idle: -1, Freq: -1}
	for {
		op, err := r.byte()
		if err != nil {
			return nil, err
		}
		more, err := r.opcode(op)
		if err != nil {
			return nil, err
		}
		if !more {
			return rec, nil
		}
	}
}

func (r *Reader) header() error {
	p, err := r.take(9)
	if err != nil {
		return err
	}
	if string(p[:5]) != "REDIS" {
		return r.corrupt("not an RDB file")
	}
	v, err := strconv.Atoi(string(p[5:]))
	if err != nil || v < 1 || v > VersionMax {
		return r.corrupt("RDB version %q, which is not supported", p[5:])
	}
	r.version = v
	return nil
}

// opcode reads what belongs to op into the record; more means that it was only
// an attribute of the key that follows.
func (r *Reader) opcode(op byte) (more bool, err error) {
	rec := &r.record
	switch op {
	case opExpireMs:
		rec.Expire, err = r.millis()
		return true, err
	case opExpireSec:
		var p []byte
		if p, err = r.take(4); err == nil {
			rec.Expire = int64(int32(binary.LittleEndian.Uint32(p))) * 1000
		}
		return true, err
	case opFreq:
		var b byte
		b, err = r.byte()
		rec.Freq = int(b)
		return true, err
	case opIdle:
		var n uint64
		n, err = r.length()
		rec.Idle = int64(min(n, 1<<62))
		return true, err
	case opAux:
		rec.Op = RecordAux
		if rec.Name, err = r.string(rec.Name); err == nil {
			rec.Data, err = r.string(rec.Data)
		}
	case opSelectDB:
		rec.Op = RecordSelectDB
		rec.DB, err = r.length()
	case opResizeDB:
		rec.Op = RecordResizeDB
		if rec.Keys, err = r.length(); err == nil {
			rec.Expires, err = r.length()
		}
	case opFunction:
		rec.Op = RecordFunction
		rec.Data, err = r.string(rec.Data)
	case opEOF:
		rec.Op = RecordEOF
		err = r.checksum()
	case opModuleAux:
		err = r.corrupt("data of a module, which is not supported")
	case opFunctionOld:
		err = r.corrupt("function of a pre-release of Redis 7, which is not supported")
	default:
		rec.Op, rec.Type = RecordKey, op
		if KindOf(op) == NoKind {
			return false, r.unknownType(op)
		}
		if rec.Name, err = r.string(rec.Name); err == nil {
			err = r.begin(op)
		}
	}
	return false, err
}

func (r *Reader) unknownType(t byte) error {
	if t == TypeModule || t == TypeModuleOld {
		return r.corrupt("value of a module, which is not supported")
	}
	return r.corrupt("unknown type or opcode %d", t)
}

// checksum compares the sum of all so far with the one that follows. A stored
// zero means that the writer did not sum.
func (r *Reader) checksum() error {
	if r.version < 5 {
		return nil
	}
	r.account()
	sum := r.crc
	want, err := r.uint64()
	if err != nil {
		return err
	}
	if !r.opt.NoChecksum && want != 0 && want != sum {
		return ErrChecksum
	}
	return nil
}
