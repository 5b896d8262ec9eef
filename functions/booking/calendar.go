package booking

import (
	"fmt"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// productID names who wrote a calendar (https://www.rfc-editor.org/rfc/rfc5545#section-3.7.3).
const productID = "-//La Fabrique des transitions//Fabrique//FR"

// localTime is a time in the zone that TZID names, without a zone of its own
// (RFC 5545, section 3.3.5, form 3).
const localTime = "20060102T150405"

// newCalendar is an empty calendar that knows Europe/Paris.
func newCalendar(method ics.Method) *ics.Calendar {
	calendar := ics.NewCalendar()
	calendar.SetProductId(productID)
	calendar.SetMethod(method)
	zone := ics.NewTimezone(timezone)
	zone.Components = append(zone.Components,
		// The rules of the European Union since 1996 (directive 2000/84/EC).
		change(&ics.Daylight{}, "CEST", "+0100", "+0200", "19960331T020000", "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"),
		change(&ics.Standard{}, "CET", "+0200", "+0100", "19961027T030000", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"))
	calendar.AddVTimezone(zone)
	return calendar
}

// change fills the half of a time zone that begins with a change of clocks.
func change[C interface {
	ics.Component
	AddProperty(ics.ComponentProperty, string, ...ics.PropertyParameter)
}](half C, name, from, to, first, rule string) C {
	half.AddProperty("TZNAME", name)
	half.AddProperty("TZOFFSETFROM", from)
	half.AddProperty("TZOFFSETTO", to)
	half.AddProperty(ics.ComponentPropertyDtStart, first)
	half.AddProperty(ics.ComponentPropertyRrule, rule)
	return half
}

// event is a session in a calendar.
func (s *service) event(item sessionItem, uid string, sequence int) *ics.VEvent {
	event := ics.NewEvent(uid)
	event.SetDtStampTime(s.now().UTC())
	setTime(event, ics.ComponentPropertyDtStart, item.StartsAt)
	setTime(event, ics.ComponentPropertyDtEnd, item.EndsAt)
	event.SetSummary(item.Title)
	event.SetDescription(strings.TrimSpace(item.Description + "\n\n" + s.origin + "/agenda/" + item.ID))
	event.SetURL(s.origin + "/agenda/" + item.ID)
	if place := item.where(); place != "" {
		event.SetLocation(place)
	}
	event.SetSequence(sequence)
	event.SetStatus(ics.ObjectStatusConfirmed)
	if item.State == cancelled {
		event.SetStatus(ics.ObjectStatusCancelled)
	}
	return event
}

// setTime writes an instant by the clocks of Paris. When they go back, an hour
// comes twice, and programs do not agree which one a calendar means (RFC 5545,
// section 3.3.5, says the first): its times are written in UTC.
func setTime(event *ics.VEvent, property ics.ComponentProperty, at time.Time) {
	local := func(shift time.Duration) string { return at.Add(shift).In(french.Paris()).Format(localTime) }
	if local(0) == local(time.Hour) || local(0) == local(-time.Hour) {
		event.AddProperty(property, at.UTC().Format(localTime)+"Z")
		return
	}
	event.AddProperty(property, local(0), ics.WithTZID(timezone))
}

// where is what a calendar shows as the place.
func (i sessionItem) where() string {
	if i.Place == "" && i.Mode == Online {
		return "En ligne"
	}
	return i.Place
}

// invitation is the calendar that a mail about a booking carries: a request
// to come, or its end. Its UID stays that of the booking and its SEQUENCE
// rises with every change, so that calendars follow (RFC 5546, section 2.1.4).
func (s *service) invitation(item sessionItem, record bookingItem, method ics.Method) string {
	calendar := newCalendar(method)
	event := s.event(item, record.ID+"@"+s.mailDomain, item.Sequence+record.Changes)
	if method == ics.MethodCancel {
		event.SetStatus(ics.ObjectStatusCancelled)
	}
	if item.JoinURL != "" && method == ics.MethodRequest {
		event.SetDescription(strings.TrimSpace(item.Description + "\n\n" + item.JoinURL))
	}
	event.SetOrganizer("mailto:"+s.mailAddress, ics.WithCN("La Fabrique des transitions"))
	event.AddAttendee("mailto:"+record.Email, ics.WithCN(record.fullName()), ics.ParticipationStatusAccepted, ics.WithRSVP(false))
	calendar.AddVEvent(event)
	return calendar.Serialize(ics.WithNewLineWindows)
}

// feed is a calendar that programs subscribe to.
func (s *service) feed(name string, items []sessionItem) string {
	calendar := newCalendar(ics.MethodPublish)
	calendar.SetXWRCalName(name)
	calendar.SetRefreshInterval("PT6H")
	for _, item := range items {
		calendar.AddVEvent(s.event(item, item.ID+"@"+s.mailDomain, item.Sequence))
	}
	return calendar.Serialize(ics.WithNewLineWindows)
}

func (r bookingItem) fullName() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s", r.GivenName, r.FamilyName))
}

// dayBefore is the day before an instant, in Paris.
func dayBefore(t time.Time) time.Time {
	t = t.In(french.Paris())
	return time.Date(t.Year(), t.Month(), t.Day()-1, 0, 0, 0, 0, french.Paris())
}
