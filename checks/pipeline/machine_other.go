//go:build !linux && !darwin

package pipeline

import (
	"errors"
	"time"
)

func processStart(int) (started time.Time, lives bool, err error) {
	return time.Time{}, false, errors.ErrUnsupported
}
