"""Harvests a repository as libraries do, and prints what it got."""
import json
import sys

from sickle import Sickle

library = Sickle(sys.argv[1], http_method=sys.argv[2])
identity = library.Identify()
pages = library.ListRecords(metadataPrefix="oai_dc")
records = list(pages)
json.dump({
    "name": identity.repositoryName, "deleted": identity.deletedRecord, "granularity": identity.granularity,
    "formats": [f.metadataPrefix for f in library.ListMetadataFormats()],
    "sets": [s.setSpec for s in library.ListSets()],
    "records": [{"id": r.header.identifier, "changed": r.header.datestamp, "deleted": r.deleted,
                 "title": [] if r.deleted else r.metadata["title"]} for r in records],
    "podcasts": [h.identifier for h in library.ListIdentifiers(metadataPrefix="oai_dc", set="kind:podcast")],
    "since": [h.identifier for h in library.ListIdentifiers(metadataPrefix="oai_dc", **{"from": sys.argv[3]})],
    "one": library.GetRecord(identifier=records[0].header.identifier, metadataPrefix="oai_dc").metadata,
}, sys.stdout)
