package fault

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestAFaultIsFoundInWhateverWrapsIt(t *testing.T) {
	gone := New(Gone, "expired-token", "Ce lien a expiré.")
	for name, err := range map[string]error{
		"itself":  gone,
		"wrapped": fmt.Errorf("open: %w", gone),
		"joined":  errors.Join(errors.New("other"), gone),
		"deep":    fmt.Errorf("a: %w", fmt.Errorf("%w: %w", gone, errors.New("cause"))),
	} {
		if As(err) != gone || !Is(err, "expired-token") || Is(err, "invalid-token") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{"nothing": nil, "another error": errors.New("expired-token")} {
		if As(err) != nil || Is(err, "expired-token") || Is(err, "") {
			t.Errorf("%s is taken for a fault", name)
		}
	}
}

// A person sees all faults at once, the first of each field, in order.
func TestFieldsCollectFaults(t *testing.T) {
	var fields Fields
	if err := fields.Err(); err != nil {
		t.Errorf("no fault: %v", err)
	}
	fields.Add("person.email", "Saisissez une adresse.")
	fields.Add("person.email", "Une adresse contient un @.")
	if f := As(fields.Err()); f == nil || f.Kind != Invalid || f.Code != "invalid-input" || f.Detail != "Un champ est à corriger." {
		t.Errorf("%+v", fields.Err())
	}
	fields.Add("kind", "Choisissez.")
	want := []Field{{"person.email", "Saisissez une adresse."}, {"kind", "Choisissez."}}
	if f := As(fields.Err()); f == nil || !slices.Equal(f.Fields, want) || f.Detail != "2 champs sont à corriger." {
		t.Errorf("%+v", fields.Err())
	}
	if !fields.Has("kind") || fields.Has("person") || fields.Has("") {
		t.Errorf("%v", fields)
	}
}

// What an error says ends in logs: codes and places, never what people read or typed.
func TestErrorsSayNothingOfPeople(t *testing.T) {
	f := &Error{Kind: Invalid, Code: "invalid-input", Detail: "Ada se trompe.", Fields: []Field{{"person.email", "« ada@ » n’est pas une adresse."}, {"kind", "Ada ?"}}}
	if f.Error() != "invalid-input [person.email kind]" {
		t.Error(f.Error())
	}
	if text := New(Conflict, "already-signed", "Ada a déjà signé.").Error(); text != "already-signed" {
		t.Error(text)
	}
}
