"""Prints the numbers of an export as JSON, by the id of their figure."""

import csv
import json
import sys

import openpyxl


def numbers(path):
    if path.endswith(".csv"):
        with open(path, encoding="utf-8-sig", newline="") as file:
            return {row["id"]: json.loads(row["value"]) for row in csv.DictReader(file)}
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Chiffres", "Effets", "Corrections", "Définitions"], book.sheetnames
    found = {}
    for name, identifier, value in (("Chiffres", "Identifiant", "Valeur"), ("Effets", "Identifiant", "Moyenne (1 à 5)")):
        sheet = book[name]
        assert sheet.freeze_panes == "A2", sheet.freeze_panes
        rows = sheet.iter_rows(values_only=True)
        head = next(rows)
        for row in rows:
            found[row[head.index(identifier)]] = row[head.index(value)]
    assert all(type(n) in (int, float) for n in found.values()), found
    return found


print(json.dumps(numbers(sys.argv[1])))
