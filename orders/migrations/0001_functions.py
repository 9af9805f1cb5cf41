"""What the first tables' check constraints call: the currencies' minor units."""

from django.db import migrations

# ISO 4217; the same table stands in orders/money.py, and a test compares the two.
CURRENCY_EXPONENT = """
CREATE FUNCTION currency_exponent(currency text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN currency IN ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF','XOF','XPF') THEN 0
    WHEN currency IN ('BHD','IQD','JOD','KWD','LYD','OMR','TND') THEN 3
    WHEN currency IN ('CLF','UYW') THEN 4
    ELSE 2
  END
$$
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [migrations.RunSQL(CURRENCY_EXPONENT, "DROP FUNCTION currency_exponent(text)")]
