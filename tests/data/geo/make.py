"""Writes places.mmdb: where the addresses of the tests are, for as much as a test says.

usage: make.py FILE

Needs mmdb_writer (pypi.org/project/mmdb-writer). The file is kept beside this one, so that tests need no writer; it is another
program's work than the reader it is read with.
"""
import sys

from mmdb_writer import MMDBWriter
from netaddr import IPSet

# The networks of `signal/*`: attackers come from 198.18.0.0/16, people live in 198.19.0.0/16.
PLACES = {
    "198.19.0.0/16": {"country": {"iso_code": "DE", "names": {"en": "Germany"}}, "city": {"names": {"en": "Bremen", "de": "Bremen"}}},
    "198.18.0.0/17": {"country": {"iso_code": "BR", "names": {"en": "Brazil"}}, "city": {"names": {"en": "Recife"}}},
    "198.18.128.0/17": {"country": {"iso_code": "NZ", "names": {"en": "New Zealand"}}},
    "2001:db8:19::/48": {"country": {"iso_code": "DE", "names": {"en": "Germany"}}},
}

writer = MMDBWriter(6, "Picket-Test-City", languages=["en"], description="Places of tests", ipv4_compatible=True)
for network, place in PLACES.items():
    writer.insert_network(IPSet([network]), place)
writer.to_db_file(sys.argv[1])
