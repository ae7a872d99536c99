package redact

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
)

// Strings takes the secrets out of every string that v holds: a pointer to a value, of whose structs the exported
// fields count, or a decoded JSON tree. It must not lead back to itself. It changes v in place; what cannot be changed there, a string or a map's keys, is in what it returns.
func (r *Redactor) Strings(where string, v any) any {
	for {
		before := len(r.names)
		clean := r.walk(where, reflect.ValueOf(v))
		if !clean.IsValid() {
			return nil
		}
		if v = clean.Interface(); len(r.names) == before {
			return v
		}
		// What was found by its shape may stand before that, in another form.
	}
}

var (
	numbers = reflect.TypeFor[json.Number]()
	octet   = reflect.TypeFor[byte]()
)

// walk returns what a value becomes. Where it can be set, that has been done.
func (r *Redactor) walk(where string, v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == numbers {
			return v
		}
		return become(v, reflect.ValueOf(r.Text(where, v.String())))
	case reflect.Interface:
		if !v.IsNil() {
			return become(v, r.walk(where, v.Elem()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			r.walk(where, v.Elem())
		}
	case reflect.Struct:
		return r.walkStruct(where, v)
	case reflect.Slice:
		if v.Type().Elem() == octet && v.Len() > 0 {
			return become(v, reflect.ValueOf([]byte(r.Text(where, string(v.Bytes())))))
		}
		for i := range v.Len() {
			r.walk(where, v.Index(i))
		}
	case reflect.Array:
		if !v.CanSet() {
			v = settable(v)
		}
		for i := range v.Len() {
			r.walk(where, v.Index(i))
		}
	case reflect.Map:
		r.walkMap(where, v)
	}
	return v
}

// walkStruct leaves out the fields that nobody else can see, either.
func (r *Redactor) walkStruct(where string, v reflect.Value) reflect.Value {
	if !v.CanSet() {
		v = settable(v)
	}
	for field, value := range v.Fields() {
		if field.IsExported() {
			r.walk(where, value)
		}
	}
	return v
}

// walkMap replaces in a fixed order, so that what is found first is so each time.
func (r *Redactor) walkMap(where string, v reflect.Value) {
	keys := v.MapKeys()
	if v.Type().Key().Kind() == reflect.String {
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	}
	for _, key := range keys {
		value := r.walk(where, settable(v.MapIndex(key)))
		clean := r.walk(where, settable(key))
		if !clean.Equal(key) {
			v.SetMapIndex(key, reflect.Value{})
		}
		v.SetMapIndex(clean, value)
	}
}

func settable(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

// become makes v what it is to be, and returns that where v cannot be set.
func become(v, value reflect.Value) reflect.Value {
	value = value.Convert(v.Type())
	if v.CanSet() {
		v.Set(value)
	}
	return value
}
