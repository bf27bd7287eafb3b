package rdb

import (
	"encoding/binary"
	"errors"
)

const footerBytes = 2 + 8

// ErrPayload says that a payload is damaged or too new.
var ErrPayload = errors.New("rdb: payload version or checksum are wrong")

// AppendFooter completes a payload, which is a type byte and a value, with the
// version and the checksum that RESTORE checks.
func AppendFooter(payload []byte, version uint16) []byte {
	payload = binary.LittleEndian.AppendUint16(payload, version)
	return binary.LittleEndian.AppendUint64(payload, CRC64(0, payload))
}

// CheckPayload returns the part before the footer, if the footer is right and
// its version not above versionMax. The result aliases payload.
func CheckPayload(payload []byte, versionMax uint16) ([]byte, error) {
	body, err := CheckPayloadVersion(payload, versionMax)
	sumAt := len(payload) - 8
	if err != nil || binary.LittleEndian.Uint64(payload[sumAt:]) != CRC64(0, payload[:sumAt]) {
		return nil, ErrPayload
	}
	return body, nil
}

// CheckPayloadVersion is CheckPayload without the checksum.
func CheckPayloadVersion(payload []byte, versionMax uint16) ([]byte, error) {
	if len(payload) < footerBytes {
		return nil, ErrPayload
	}
	body := payload[:len(payload)-footerBytes]
	if binary.LittleEndian.Uint16(payload[len(body):]) > versionMax {
		return nil, ErrPayload
	}
	return body, nil
}
