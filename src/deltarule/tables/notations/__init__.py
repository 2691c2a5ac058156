"""Notations: how numbers, dates and what is missing are written, found by all texts of a column together.

numbers     the notation of numbers; bodies, measures, remarks for the parts of one and what stands around it
compounds   quantities in several parts
moments     the notation of dates; families, parts, stamps, calendars for how they are written; formats that are told
missing     which texts mean that there is no value
keys, look_alikes     numbers that are rather keys, dates or codes
characters, shares    plain characters; how many cells must read alike
"""
