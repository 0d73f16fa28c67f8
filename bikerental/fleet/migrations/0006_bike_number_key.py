from django.core.management import CommandError
from django.db import migrations, models

# First what most numbers are made of: `translate` looks from the left.
USUAL = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTERS = (
    "abcdefghijklmnopqrstuvwxyzµàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũ"
    "ūŭůűųŵŷźżžſαβγδεζηθικλμνξοπρςστυφχψωабвгдежзийклмнопрстуфхцчшщъыьэюяѐёђѓєѕіїјљњћќѝўџАВЕКМНОРСТУХІЈЅ"
)
CAPITALS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZΜÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞŸĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮIĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨ"
    "ŪŬŮŰŲŴŶŹŻŽSΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΣΤΥΦΧΨΩAБBГДEЖЗИЙKЛMHOПPCTYФXЦЧШЩЪЫЬЭЮЯЀЁЂЃЄSIЇJЉЊЋЌЍЎЏABEKMHOPCTYXIJS"
)
SPACES_AND_DASHES = (
    "\u0009\u000a\u000b\u000c\u000d\u0020\u0085\u00a0\u1680\u180e\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\u2000"
    "\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d\u200e\u200f\u002d\u00ad\u02d7"
    "\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d"
    "\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010ead"
)
SHOWN = 50  # numbers in the message
FUNCTION = f"""
    CREATE OR REPLACE FUNCTION bike_number_key(number text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN translate(number, '{USUAL}{LETTERS}{SPACES_AND_DASHES}', '{USUAL}{CAPITALS}')
"""
ALIKE = """
    SELECT number FROM
      (SELECT number, bike_number_key(number) AS key, count(*) OVER (PARTITION BY bike_number_key(number)) AS bikes
         FROM fleet_bike) AS keyed
    WHERE bikes > 1 ORDER BY key, number
"""


def refuse_alike(apps, schema_editor):
    """Before the index is built, which would name one pair alone. Nothing has changed by then for the old code."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(ALIKE)
        numbers = [number for number, in cursor.fetchall()]
    if numbers:
        more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
        raise CommandError(
            f"{len(numbers)} bikes have numbers that differ from another's by case, dashes, spaces or Cyrillic letters "
            f"that look Latin alone: {', '.join(numbers[:SHOWN])}{more}. Nothing was changed. Give all but one of each "
            "another number in the admin of the running release, then migrate again."
        )


class Migration(migrations.Migration):
    # Rides go on while the index is built. Each step may run again after a failure.
    atomic = False

    dependencies = [("fleet", "0005_reports_that_count")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION IF EXISTS bike_number_key(text)"),
        migrations.RunPython(refuse_alike, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # What an attempt that failed has left is not good.
                migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS bike_number_key_unique", migrations.RunSQL.noop),
                migrations.RunSQL(
                    "CREATE UNIQUE INDEX CONCURRENTLY bike_number_key_unique ON fleet_bike (bike_number_key(number))",
                    "DROP INDEX CONCURRENTLY IF EXISTS bike_number_key_unique",
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="bike",
                    constraint=models.UniqueConstraint(
                        models.Func(
                            models.F("number"), function="bike_number_key", output_field=models.CharField()
                        ),
                        name="bike_number_key_unique",
                        violation_error_message="Another bike has this number but for case, dashes, spaces or Cyrillic letters that look Latin.",
                    ),
                ),
            ],
        ),
    ]
