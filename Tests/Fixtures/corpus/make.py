"""Makes the Parquet files of this folder: pip install pyarrow==26.0.1; python make.py

Row n of 60 has the number n in the column id, and in the column text "row n" with n mod 5 words more; every seventh
text is null. In nested.parquet the texts are lists.
"""
import pyarrow as pa
import pyarrow.parquet as pq

TEXTS = [None if n % 7 == 6 else " ".join([f"row {n}"] + ["more"] * (n % 5)) for n in range(60)]
TABLE = pa.table({"id": pa.array(range(60), pa.int64()), "text": pa.array(TEXTS)})
USUAL = {"store_schema": False, "write_statistics": False}

pq.write_table(TABLE, "snappy.parquet", compression="snappy", **USUAL)
pq.write_table(
    TABLE, "gzip.parquet", compression="gzip", use_dictionary=False, row_group_size=25,
    data_page_size=128, **USUAL)
pq.write_table(TABLE, "zstd.parquet", compression="zstd", data_page_version="2.0", **USUAL)
pq.write_table(TABLE, "brotli.parquet", compression="brotli", **USUAL)
pq.write_table(
    pa.table({"id": TABLE["id"], "text": pa.array([[t] if t else [] for t in TEXTS])}), "nested.parquet", **USUAL)
