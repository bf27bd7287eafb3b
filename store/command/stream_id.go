package command

import (
	"bytes"
	"math"
	"strconv"

	"spindle/resp"
	"spindle/store/stream"
)

// IDs of stream entries as arguments: "ms-seq", or "ms" alone, which stands for one end of that millisecond.

// idLenMax is the longest argument that is looked at, in bytes.
const idLenMax = 127

// parseStreamID reads an ID; missing stands for a sequence number that is left out.
func parseStreamID(arg []byte, missing uint64) (stream.ID, error) {
	ms, seq, cut := bytes.Cut(cText(arg), []byte("-"))
	id := stream.ID{Seq: missing}
	ok := len(arg) <= idLenMax
	if ok {
		id.Ms, ok = parseUint(ms)
	}
	if ok && cut {
		id.Seq, ok = parseUint(seq)
	}
	if !ok {
		return stream.ID{}, resp.ErrStreamID
	}
	return id, nil
}

// parseStreamIDs reads IDs in which no sequence number may be left out but for 0.
func parseStreamIDs(args [][]byte) ([]stream.ID, error) {
	ids := make([]stream.ID, len(args))
	for i, arg := range args {
		var err error
		if ids[i], err = parseStreamID(arg, 0); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// cText returns what C would see of an argument.
func cText(arg []byte) []byte {
	if i := bytes.IndexByte(arg, 0); i >= 0 {
		return arg[:i]
	}
	return arg
}

// parseUint reads a number as Redis does with strtoull: blanks and a sign may come first, and a number that is not written the one
// canonical way may be negative, which then counts from the other end.
func parseUint(b []byte) (uint64, bool) {
	if n, ok := resp.ParseInt(b); ok {
		return uint64(n), n >= 0
	}
	b = bytes.TrimLeft(b, " \t\n\v\f\r")
	negative := len(b) > 0 && b[0] == '-'
	if negative || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 || b[0] < '0' || b[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b), 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

// parseRangeID reads an end of a range, which may be "-", "+", or exclusive: "(ms-seq".
func parseRangeID(arg []byte, isEnd bool) (stream.ID, error) {
	missing := uint64(0)
	if isEnd {
		missing = math.MaxUint64
	}
	if len(arg) > 1 && arg[0] == '(' {
		id, err := parseStreamID(arg[1:], missing)
		if err != nil {
			return id, err
		}
		return exclude(id, isEnd)
	}
	return parseAnyID(arg, missing)
}

// parseAnyID is parseStreamID with "-" and "+" for the least and the greatest ID.
func parseAnyID(arg []byte, missing uint64) (stream.ID, error) {
	switch string(cText(arg)) {
	case "-":
		return stream.ID{}, nil
	case "+":
		return stream.MaxID, nil
	}
	return parseStreamID(arg, missing)
}

// exclude returns the neighbour of an ID that is not part of a range.
func exclude(id stream.ID, isEnd bool) (stream.ID, error) {
	if isEnd {
		prev, ok := id.Prev()
		if !ok {
			return prev, resp.ErrStreamEnd
		}
		return prev, nil
	}
	next, ok := id.Next()
	if !ok {
		return next, resp.ErrStreamStart
	}
	return next, nil
}

// streamIDLen is the longest text of an ID, in bytes.
const streamIDLen = 41

// replyStreamID writes an ID and returns a view of its text, valid until something else is written.
func replyStreamID(w *resp.Writer, id stream.ID) []byte {
	var room [streamIDLen]byte
	text := id.Append(room[:0])
	w.Bulk(text)
	end := len(w.Buf) - 2
	return w.Buf[end-len(text) : end]
}
