// Reads calendars with ical.js, by the time zone that they bring along, and
// tells what they say, in one line of JSON for each file: node
// read_calendars.mjs FILE...
import { readFile } from "node:fs/promises";
import ICAL from "ical.js";

const seconds = (time) => time.toJSDate().getTime() / 1000;

for (const path of process.argv.slice(2)) {
  const calendar = new ICAL.Component(ICAL.parse(await readFile(path, "utf8")));
  ICAL.TimezoneService.reset();
  const zones = calendar.getAllSubcomponents("vtimezone").map((zone) => {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
    return zone.getFirstPropertyValue("tzid");
  });
  const events = calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    return {
      uid: event.uid,
      sequence: event.sequence,
      status: component.getFirstPropertyValue("status"),
      summary: event.summary,
      location: event.location ?? "",
      attendee: event.attendees[0]?.getFirstValue() ?? "",
      start: seconds(event.startDate),
      end: seconds(event.endDate),
    };
  });
  console.log(JSON.stringify({ method: calendar.getFirstPropertyValue("method"), zones, events }));
}
