"""Eyeriss' array stepped cycle by cycle: filter rows stay, input rows run diagonally, sums run down."""
