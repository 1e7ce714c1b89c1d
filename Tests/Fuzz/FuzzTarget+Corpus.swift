import Corpus
import Foundation

extension FuzzTarget {
    private static func corpus(_ name: String, _ file: String, _ texts: [String]) -> FuzzTarget {
        corpus(name, file, contents: texts.map { Array($0.utf8) })
    }

    private static func corpus(
        _ name: String, _ file: String, contents: [[UInt8]]
    ) -> FuzzTarget {
        FuzzTarget(
            name: name, file: file,
            prepare: { folder in
                try write(contents[0], folder, file)
                return Array(contents.dropFirst())
            },
            read: { folder in
                var options = CorpusOptions()
                options.input = ["\(folder)/\(file)"]
                try CorpusDocuments.forEach(options) { _ in }
            })
    }

    static let corpusRecords = corpus(
        "corpus_records", "a.jsonl",
        [
            "{\"text\":\"one \\ud83d\\ude00\",\"n\":[1,{\"a\":null}]}\n{\"text\":\"two\"}\n",
            "[{\"text\":\"one, ]\\\"}\"},\n {\"text\":\"two\",\"n\":1e5} ]",
        ])

    static let corpusTables = corpus(
        "corpus_tables", "a.csv", ["id,text\n1,\"x, \"\"y\"\"\nz\"\n2,w\n", "text\tid\na\"b\t1\n"])

    static let corpusPages = corpus(
        "corpus_pages", "a.warc",
        [
            "<!doctype html><html><body><nav><a href=x>y</a></nav><p>some text<table><tr><td>c</table>",
            "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 61\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>text &amp; more</p>\r\n\r\n",
        ])

    static let corpusTar = corpus("corpus_tar", "a.tar", contents: [tar])

    /// By pyarrow 26, pyarrow.parquet.write_table(compression="none", write_statistics=False): a column
    /// of numbers, one of texts in a dictionary, and one of truth values, all with nulls.
    static let corpusParquet = corpus(
        "corpus_parquet", "a.parquet", contents: [decoded(parquet)])

    /// By zipfile of Python: one deflated text.
    static let corpusZip = corpus("corpus_zip", "a.zip", contents: [decoded(zip)])

    /// By xz --block-size=20 --check=crc32: three blocks of lines, each of which begins a piece.
    static let corpusMembers = FuzzTarget(
        name: "corpus_members", file: "a.jsonl.xz",
        prepare: { folder in
            try write(decoded(xz), folder, "a.jsonl.xz")
            return []
        },
        read: { folder in
            var options = CorpusOptions()
            options.input = ["\(folder)/a.jsonl.xz"]
            for piece in try CorpusPlan(options, pieceSize: 16).pieces {
                let reader = PieceReader(piece, options)
                while try reader.next() != nil {}
            }
        })

    private static let xz = """
        /Td6WFoAAAFpIt42AgAhARYAAAB0L+WjAQATeyJ0ZXh0Ijoib25lIn0KeyJ0ZXgAHUe5PAIAIQEWAAAAdC/l\
        owEAE3QiOiJ0d28ifQp7InRleHQiOiJ0AHP6GusCACEBFgAAAHQv5aMBAA9ocmVlIGFuZCBtb3JlIn0KAIv2\
        iXAAAygUKBQkEFIOo7g+MA2LAgAAAAABWVo=
        """

    private static func decoded(_ text: String) -> [UInt8] {
        Array(Data(base64Encoded: text) ?? Data())
    }

    private static let zip = """
        UEsDBBQAAAAIAAAAIQDx+RFvFwAAACkAAAAFAAAAYS50eHQrzs9NVSjPL0opVkjMS1HIzS/CzuUCAFBLAQIU\
        AxQAAAAIAAAAIQDx+RFvFwAAACkAAAAFAAAAAAAAAAAAAACAAQAAAABhLnR4dFBLBQYAAAAAAQABADMAAAA6\
        AAAAAAA=
        """

    private static let parquet = """
        UEFSMRUEFSAVIEwVBBUAEgAAAQAAAAAAAAADAAAAAAAAABUAFRIVEiwVBhUQFQYVBhwAAAACAAAAAwUBAwIV\
        BBU4FThMFQQVABIAAAoAAABzb21lIHdvcmRzCgAAAG1vcmUgd29yZHMVABUSFRIsFQYVEBUGFQYcAAAAAgAA\
        AAYBAQMGFQAVDhUOLBUGFQAVBhUGHAAAAAIAAAADAwEVBBlMNQAYBnNjaGVtYRUGABUEJQIYAmlkABUMJQIY\
        BHRleHQlAEwcAAAAFQAlAhgCb2sAFgYZHBk8JgAcFQQZNQAGEBkYAmlkFQAWBhZ0FnQmRCYIKSwVBBUAFQIA\
        FQAVEBUCADwpBhkmAgQAAAAmABwVDBk1AAYQGRgEdGV4dBUAFgYWjAEWjAEm0AEmfCksFQQVABUCABUAFRAV\
        AgA8FjwZBhkmAAYAAAAmABwVABklBgAZGAJvaxUAFgYWNBY0JogCSRwVABUAFQIAPCkGGSYCBAAAABa0AhYG\
        JggWtAIAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRk8HAAAHAAAHAAAABABAABQQVIx
        """

    /// An archive of one text.
    private static var tar: [UInt8] {
        var head = [UInt8](repeating: 0, count: 512)
        for (place, text) in [(0, "a.txt"), (124, "00000000013"), (156, "0"), (257, "ustar")] {
            head.replaceSubrange(place..<place + text.utf8.count, with: text.utf8)
        }
        let text = Array("some words\n".utf8)
        return head + text + [UInt8](repeating: 0, count: 512 - text.count + 1024)
    }

    static let languageModel = FuzzTarget(
        name: "language_model", file: "lid.bin",
        prepare: { folder in
            try write(smallModel(loss: 3), folder, "lid.bin")
            return [smallModel(loss: 1)]
        },
        read: { folder in
            let model = try LanguageClassifier(path: folder + "/lid.bin")
            _ = model.predict(Array("the cat and é".utf8))
        })

    /// A model of fastText with two words, two labels and two columns.
    private static func smallModel(loss: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
        let options: [Int32] = [793_712_314, 12, 2, 5, 5, 1, 5, 1, loss, 3, 4, 2, 3, 100]
        for value in options { add(value) }
        add(Double(0).bitPattern)
        for value in [4, 2, 2] as [Int32] { add(value) }
        for value in [10, -1] as [Int64] { add(value) }
        for (word, isLabel) in [("the", 0), ("</s>", 0), ("__label__en", 1), ("__label__fr", 1)] {
            bytes += Array(word.utf8) + [0]
            add(Int64(3))
            add(UInt8(isLabel))
        }
        for rows in [6, 2] as [Int64] {
            add(UInt8(0))
            add(rows)
            add(Int64(2))
            for index in 0..<rows * 2 { add(Float(index).bitPattern) }
        }
        return bytes
    }
}
