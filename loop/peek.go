package loop

import (
	"fmt"
	"reflect"

	"github.com/tidwall/evio"
)

// peek reads the descriptor of a connection and that of evio's epoll or kqueue
// from evio's unexported fields:
//
//	conn.fd int, conn.loop.poll.fd int
//
// Reading with reflect is allowed without unsafe. The version of evio is
// pinned; another layout gives an error, and then Run fails.
func peek(ec evio.Conn) (fd, poll int, err error) {
	conn := reflect.ValueOf(ec)
	if fd, err = peekInt(conn, "fd"); err != nil {
		return 0, 0, err
	}
	if poll, err = peekInt(conn, "loop", "poll", "fd"); err != nil {
		return 0, 0, err
	}
	if fd <= 0 || poll <= 0 {
		return 0, 0, fmt.Errorf("evio's layout is not the expected one: descriptor %d, poll %d", fd, poll)
	}
	return fd, poll, nil
}

func peekInt(v reflect.Value, path ...string) (int, error) {
	for _, name := range path {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return 0, fmt.Errorf("evio's layout is not the expected one: no field %s in %v", name, v.Kind())
		}
		v = v.FieldByName(name)
	}
	if v.Kind() != reflect.Int {
		return 0, fmt.Errorf("evio's layout is not the expected one: field %v is no int", path)
	}
	return int(v.Int()), nil
}
