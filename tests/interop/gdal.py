"""GDAL's PostgreSQL driver through ogr2ogr and ogrinfo, without PostGIS: layers written by INSERT
and by COPY, read back, changed, described; what it says of an absent table or database."""

import json
import os
import re
import subprocess
from pathlib import Path

from tap import main, test

SCRATCH = Path(os.environ["PQP_SCRATCH"])
DATABASE = os.environ["PGDATABASE"]
HOST, PORT = os.environ["PQP_HOST"], os.environ["PQP_PORT"]
PG = f"PG:dbname={DATABASE}"

(SCRATCH / "in.geojson").write_text(
    json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"id": i, "name": f"it's {i} ü\t\\", "price": i / 4, "big": 2**40 + i, "nothing": None},
                    "geometry": {"type": "Point", "coordinates": [i, -i / 2]},
                }
                for i in range(1, 501)
            ],
        }
    )
)
(SCRATCH / "in.csv").write_text("a,b,c\n" + "".join(f'{i},"x ""{i}""",{"" if i % 3 else i / 8}\n' for i in range(1, 2001)))


def call(*arguments, **environment):
    run = subprocess.run(
        arguments,
        capture_output=True,
        text=True,
        cwd=SCRATCH,
        env=os.environ | environment,
        timeout=120,
    )
    text = (run.stdout + run.stderr).replace(HOST, "HOST").replace(str(SCRATCH), "SCRATCH")
    text = re.sub(rf"\b{PORT}\b", "PORT", text)
    return [run.returncode, text]


def digest_of_table(name, columns):
    return call("ogrinfo", "-q", "-ro", PG, "-sql", f"select count(*) n, md5(string_agg(({columns})::text, ',' order by {columns})) digest from {name}")


@test
def written_by_copy():
    return [call("ogr2ogr", "-f", "PostgreSQL", PG, "in.geojson", "-nln", "copied", PG_USE_COPY="YES"), digest_of_table("copied", "id, name, price, big, nothing")]


@test
def written_by_insert():
    return [call("ogr2ogr", "-f", "PostgreSQL", PG, "in.geojson", "-nln", "inserted", PG_USE_COPY="NO"), digest_of_table("inserted", "id, name, price, big, nothing")]


@test
def table_without_geometry():
    return [call("ogr2ogr", "-f", "PostgreSQL", PG, "in.csv", "-nln", "plain", "-oo", "AUTODETECT_TYPE=YES"), digest_of_table("plain", "a, b, c")]


@test
def described():
    return call("ogrinfo", "-so", PG, "copied")


@test
def listed():
    return call("ogrinfo", PG)


@test
def read_with_a_filter():
    return call("ogrinfo", "-q", "-ro", PG, "copied", "-where", "id between 3 and 5")


@test
def read_by_sql():
    return call("ogrinfo", "-q", "-ro", PG, "-sql", "select id, name, price * 2 as double from copied where id < 4 order by id desc")


@test
def read_into_a_file():
    out = call("ogr2ogr", "-f", "CSV", "out.csv", PG, "plain")
    lines = (SCRATCH / "out.csv").read_text().splitlines()
    return out + [len(lines), lines[:3], lines[-1]]


@test
def read_by_a_cursor_in_small_pieces():
    out = call("ogr2ogr", "-f", "GeoJSON", "out.geojson", PG, "copied", OGR_PG_CURSOR_PAGE="7")
    features = json.loads((SCRATCH / "out.geojson").read_text())["features"]
    return out + [len(features), features[0], features[-1]]


@test
def appended_and_overwritten():
    return [
        call("ogr2ogr", "-append", "-f", "PostgreSQL", PG, "in.csv", "-nln", "plain", "-oo", "AUTODETECT_TYPE=YES"),
        digest_of_table("plain", "a, b, c"),
        call("ogr2ogr", "-overwrite", "-f", "PostgreSQL", PG, "in.csv", "-nln", "plain", "-oo", "AUTODETECT_TYPE=YES"),
        digest_of_table("plain", "a, b, c"),
    ]


@test
def changed_by_sql():
    return [call("ogrinfo", "-q", PG, "-sql", "update plain set b = 'x' where a < 10"), digest_of_table("plain", "a, b, c"), call("ogrinfo", "-q", PG, "-sql", "drop table inserted")]


@test
def many_transactions():
    return [call("ogr2ogr", "-f", "PostgreSQL", "-gt", "10", PG, "in.geojson", "-nln", "pieces"), digest_of_table("pieces", "id, name")]


@test
def refused_data():
    call("ogrinfo", "-q", PG, "-sql", "create table narrow (ogc_fid serial primary key, a int check (a < 5), b text, c float8)")
    return [call("ogr2ogr", "-append", "-f", "PostgreSQL", PG, "in.csv", "-nln", "narrow", PG_USE_COPY=copy) for copy in ("YES", "NO")]


@test
def errors():
    return [
        call("ogrinfo", "-q", "-ro", PG, "nowhere"),
        call("ogrinfo", "-q", "-ro", PG, "-sql", "select * from nowhere"),
        call("ogrinfo", "-q", "-ro", "PG:dbname=absent"),
        call("ogrinfo", "-q", "-ro", "PG:host=127.0.0.1 port=1"),
        call("ogrinfo", "-q", "-ro", f"PG:dbname={DATABASE} nothing=1"),
        call("ogrinfo", "-q", "-ro", f"PG:dbname={DATABASE} host=127.0.0.1 user=pqp_scram password=no"),
    ]


@test
def with_a_password():
    return call("ogrinfo", "-q", "-ro", f"PG:dbname={DATABASE} host=127.0.0.1 user=pqp_scram password=pw-scram", "-sql", "select current_user")


main()
