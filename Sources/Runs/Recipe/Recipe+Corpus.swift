import Corpus

extension Recipe {
    /// All options of the phase corpus.
    package var corpusSettings: CorpusSettings {
        CorpusSettings(
            corpus: corpus, deduplicate: deduplicate, near: near, decontaminate: decontaminate)
    }

    /// Settles where the clean documents go.
    ///
    /// - Returns: the directory of the texts that the phase prepare takes where the recipe names no other.
    mutating func resolveCorpus() -> String? {
        let directory = corpus.output ?? "\(output)/corpus"
        guard phases.contains(.corpus) || !corpus.input.isEmpty else { return nil }
        corpus.output = directory
        guard phases.contains(.corpus), phases.contains(.prepare) else { return nil }
        corpus.plainText = true
        let texts = "\(directory)/\(WorkFiles.textFolder)"
        return prepare.input.isEmpty ? texts : nil
    }
}
