/** Where each good comes from; loaded together with the details, not before. */
export const origins: Readonly<Record<string, string>> = {
  amber: 'Washed ashore by the winter storms, gathered by hand, and weighed in Danzig before it sails west.',
  salt: 'Boiled from brine in Lüneburg and carted to Lübeck on the Old Salt Road, about three weeks each way.',
  stockfish: 'Cod dried on racks in the cold wind of the Lofoten islands; it keeps for years, and feeds a crew.',
  cloth: 'Woven in Ghent from English wool, dyed with woad, and sealed with lead at the cloth hall.',
};
