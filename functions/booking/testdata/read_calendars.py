# Reads calendars with the package icalendar and tells what they say, in one
# line of JSON for each file: python read_calendars.py FILE...
import json
import sys

from icalendar import Calendar

for path in sys.argv[1:]:
    with open(path, "rb") as file:
        calendar = Calendar.from_ical(file.read())
    events = [
        {
            "uid": str(event["uid"]),
            "sequence": int(event["sequence"]),
            "status": str(event["status"]),
            "summary": str(event["summary"]),
            "location": str(event.get("location", "")),
            "attendee": str(event.get("attendee", "")),
            "start": int(event.decoded("dtstart").timestamp()),
            "end": int(event.decoded("dtend").timestamp()),
        }
        for event in calendar.walk("VEVENT")
    ]
    zones = [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")]
    print(json.dumps({"method": str(calendar["method"]), "zones": zones, "events": events}))
