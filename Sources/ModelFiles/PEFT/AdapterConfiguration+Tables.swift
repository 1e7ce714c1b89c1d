import Models

/// The tables of embeddings and output layer, where an adapter saves them.
extension AdapterConfiguration {
    /// Whether a module is trained as it is.
    func saves(_ module: String) -> Bool { savedModules.contains { module.hasSuffix($0) } }

    /// The model beside which such an adapter lies: where one of two tied tables is saved without the other,
    /// or each on its own, they are tied no longer.
    ///
    /// A classifier has no output layer, so that its table stays what it is.
    package func fitted(_ model: DecoderConfiguration) -> DecoderConfiguration {
        let isSaved = saves(Self.embeddings(of: model)) || saves(Self.output(of: model))
        guard model.isTied, isSaved, !hasHead, !tiesSavedTables else { return model }
        var model = model
        model.isTied = false
        return model
    }

    /// Lets the tables be trained as they are, to which tokens were added. Those that are tied stay so,
    /// unless one of them was to be saved anyway.
    package mutating func saveTables(of model: DecoderConfiguration) {
        let tables = [Self.embeddings(of: model)] + (hasHead ? [] : [Self.output(of: model)])
        let missing = tables.filter { !saves($0) }
        if model.isTied && !hasHead && missing.count == tables.count { tiesSavedTables = true }
        savedModules += missing.compactMap { $0.split(separator: ".").last.map(String.init) }
    }

    /// The adapter with the tables that lie beside it, which PEFT adds where their sizes have changed.
    ///
    /// - Parameter isThere: Whether a tensor lies beside the adapter, by its name.
    /// - Throws: `Failure` for a pattern that cannot be read.
    func completed(
        for model: DecoderConfiguration, _ isThere: (String) -> Bool
    ) throws -> AdapterConfiguration {
        let tables = [Self.embeddings(of: model), Self.output(of: model)]
        let added = try tables.filter { table in
            let isAdapted = try targets.contains(table, "target_modules")
            return isThere(table + ".weight") && !saves(table) && !isAdapted
        }
        var adapter = self
        if model.isTied && !hasHead && !added.isEmpty && !tables.contains(where: saves) {
            adapter.tiesSavedTables = true
        }
        adapter.savedModules += added
        return adapter
    }
}
